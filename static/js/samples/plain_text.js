/** Samples as plain texts. */

/** Return the number of characters of a text as the server counts them: an emoji is one, not two. */
export function characters(text) {
  const pairs = text.match(/[\ud800-\udbff][\udc00-\udfff]/g);
  return text.length - (pairs?.length ?? 0);
}

/** Return messages, parts of one, or any value as a text: contents, reasoning and tool calls below each other. */
export function conversationText(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(conversationText).filter(Boolean).join("\n");
  if (typeof value !== "object" || !("role" in value || "text" in value)) return JSON.stringify(value);
  const calls = Array.isArray(value.tool_calls) ? value.tool_calls.map(callText) : [];
  return [value.reasoning_content ?? value.reasoning, value.text, value.content, ...calls].map(conversationText).filter(Boolean).join("\n");
}

function callText(call) {
  const about = call?.function?.name ? call.function : call;
  const input = about?.arguments ?? about?.input ?? "";
  return `${about?.name ?? about?.function ?? "?"}(${typeof input === "string" ? input : JSON.stringify(input)})`;
}
