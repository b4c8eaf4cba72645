/** A sample as a conversation: messages with folded reasoning and tool calls, judges, errors, spans of time, fields. */

import { make } from "../dom.js";
import { gettext, ngettext } from "../i18n.js";
import { number, short, textBlock, visible } from "./texts.js";

const SHORT = 1200;

function folded(label, content, isOpen) {
  return make("details", { open: isOpen, className: "folded" }, make("summary", { textContent: label }), content);
}

function message(item, media, more) {
  const parts = (item.parts ?? []).map((part) => {
    if (part.type !== "image") return textBlock(part, more);
    return make("img", { className: "sample-image", src: media + part.media.split("/").map(encodeURIComponent).join("/"), alt: gettext("Image"), loading: "lazy" });
  });
  const calls = (item.tool_calls ?? []).map(({ name, arguments: value }) => folded(gettext("Call {name}", { name: visible(name) || "?" }), textBlock(value, more), value.length < SHORT));
  const reasoning = item.reasoning ? [folded(gettext("Reasoning, {n} characters", { n: number(item.reasoning.length) }), textBlock(item.reasoning, more), false)] : [];
  const isTool = item.role === "tool";
  const body = make("div", { className: "body" }, ...reasoning, ...(isTool && parts.length ? [folded(gettext("Result"), make("div", {}, ...parts), (item.parts[0].length ?? 0) < SHORT)] : parts), ...calls);
  const role = make("h3", {}, make("bdi", { textContent: visible(item.role) || "–" }), ...(item.name ? [make("span", { className: "faint", textContent: ` ${visible(item.name)}` })] : []));
  const section = make("section", { className: "message" }, role, body);
  section.dataset.role = ["user", "assistant", "system", "tool"].includes(item.role) ? item.role : "other";
  return section;
}

function timeline(spans) {
  if (!spans.length) return [];
  const start = Math.min(...spans.map((span) => span.start));
  const end = Math.max(...spans.map((span) => span.end));
  const rows = spans.map((span) => {
    const bar = make("span", { className: "span" });
    bar.style.setProperty("--from", `${((span.start - start) / (end - start || 1)) * 100}%`);
    bar.style.setProperty("--width", `${Math.max(0.5, ((span.end - span.start) / (end - start || 1)) * 100)}%`);
    return make("li", {}, make("bdi", { className: "clip", textContent: visible(span.name) }), make("span", { className: "track" }, bar), make("span", { className: "number faint", textContent: `${number(span.end - span.start)} s` }));
  });
  return [make("section", { className: "timeline" }, make("h3", { textContent: gettext("Timeline") }), make("ul", {}, ...rows))];
}

export function conversation(document, media, more) {
  const extra = (items, title) => items.map((item) => make("section", { className: "message" }, make("h3", { textContent: `${title}: ${visible(item.name)}` }), textBlock(item, more)));
  const fields = document.fields.map(([key, value]) => make("div", {}, make("dt", { className: "clip", title: key, textContent: short(key, 60) }), make("dd", { textContent: short(value, 300) })));
  return make("div", { className: "conversation" },
    ...extra(document.errors, gettext("Error")),
    ...document.messages.map((item) => message(item, media, more)),
    ...(document.more_messages ? [make("p", { className: "soft", textContent: ngettext("{n} more message in the raw record.", "{n} more messages in the raw record.", document.more_messages) })] : []),
    ...(document.target ? [make("section", { className: "message" }, make("h3", { textContent: gettext("Target") }), textBlock(document.target, more))] : []),
    ...extra(document.judges, gettext("Judge")),
    ...timeline(document.spans),
    ...(fields.length ? [make("section", {}, make("h3", { textContent: gettext("Fields") }), make("dl", { className: "sample-fields" }, ...fields))] : []));
}
