/** Markdown of text cells as elements: headings, lists, quotes, code, emphasis and links. HTML in it stays text. */

import { make } from "../dom.js";

const INLINE = /`([^`]+)`|\*\*(.+?)\*\*|__(.+?)__|\*(.+?)\*|\b_(.+?)_\b|\[([^\]]+)\]\(([^\s)]+)\)|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?])/;
const BULLET = /^\s*[-*+]\s+(.*)/, NUMBER = /^\s*\d+[.)]\s+(.*)/, HEADING = /^(#{1,6})\s+(.*)/, QUOTE = /^>\s?(.*)/;
const FENCE = /^\s*```/;

/** Return the elements of a Markdown text. */
export function markdown(text) {
  const lines = text.split(/\r?\n/), blocks = [];
  while (lines.length) {
    const block = nextBlock(lines);
    if (block) blocks.push(block);
  }
  return blocks;
}

function nextBlock(lines) {
  const line = lines.shift();
  if (!line.trim()) return null;
  if (FENCE.test(line)) {
    const code = takeWhile(lines, (next) => !FENCE.test(next));
    lines.shift();
    return make("pre", {}, make("code", { textContent: code.join("\n") }));
  }
  const heading = HEADING.exec(line);
  // The page has a title, its sections have headings: those of a text come below.
  if (heading) return make(`h${Math.min(6, heading[1].length + 2)}`, {}, ...inline(heading[2]));
  for (const [pattern, tag] of [[BULLET, "ul"], [NUMBER, "ol"]]) {
    if (pattern.test(line)) return list(tag, pattern, [line, ...takeWhile(lines, (next) => pattern.test(next))]);
  }
  if (QUOTE.test(line)) {
    const quoted = [line, ...takeWhile(lines, (next) => QUOTE.test(next))].map((one) => QUOTE.exec(one)[1]);
    return make("blockquote", {}, ...markdown(quoted.join("\n")));
  }
  const starts = [BULLET, NUMBER, HEADING, QUOTE, FENCE];
  const rest = takeWhile(lines, (next) => next.trim() && !starts.some((pattern) => pattern.test(next)));
  return make("p", {}, ...inline([line, ...rest].join("\n")));
}

function takeWhile(lines, belongs) {
  const taken = [];
  while (lines.length && belongs(lines[0])) taken.push(lines.shift());
  return taken;
}

function list(tag, pattern, lines) {
  return make(tag, {}, ...lines.map((line) => make("li", {}, ...inline(pattern.exec(line)[1]))));
}

function inline(text) {
  const found = INLINE.exec(text);
  if (!found) return [text];
  const [whole, code, strong, strong2, em, em2, label, address, bare] = found;
  const before = text.slice(0, found.index), after = text.slice(found.index + whole.length);
  return [before, span(whole, { code, strong: strong ?? strong2, em: em ?? em2, label, address, bare }), ...inline(after)].filter(Boolean);
}

function span(whole, { code, strong, em, label, address, bare }) {
  if (code) return make("code", { textContent: code });
  if (strong) return make("strong", {}, ...inline(strong));
  if (em) return make("em", {}, ...inline(em));
  if (bare) return link(bare, bare) ?? whole;
  return link(address, label) ?? whole;
}

/** A link to the web or within this site; null for any other scheme. */
function link(address, label) {
  if (!URL.canParse(address, location.href)) return null;
  const { protocol } = new URL(address, location.href);
  if (!["http:", "https:", "mailto:"].includes(protocol)) return null;
  return make("a", { href: address, textContent: label, rel: "noopener noreferrer", target: "_blank" });
}
