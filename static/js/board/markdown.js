/** Markdown of text cells as elements: headings, lists, quotes, code, emphasis and links. HTML in it stays text. */

import { make } from "../dom.js";

// All lengths are limited: looking for an end that is missing must not take the square of the text's length.
const INLINE = /`([^`]{1,1000})`|\*\*(.{1,1000}?)\*\*|__(.{1,1000}?)__|\*(.{1,1000}?)\*|\b_(.{1,1000}?)_\b|\[([^\]]{1,1000})\]\(([^\s)]{1,2000})\)|(https?:\/\/[^\s<>()]{1,2000}[^\s<>().,;:!?])/g;
const DEEPEST_QUOTE = 20;
const BULLET = /^\s*[-*+]\s+(.*)/, NUMBER = /^\s*\d+[.)]\s+(.*)/, HEADING = /^(#{1,6})\s+(.*)/, QUOTE = /^>\s?(.*)/;
const FENCE = /^\s*```/;

/** Return a Markdown text, which stands in `depth` quotes, as a fragment of the page. */
export function markdown(text, depth = 0) {
  const lines = text.split(/\r?\n/), blocks = [];
  while (lines.length) {
    const block = nextBlock(lines, depth);
    if (block) blocks.push(block);
  }
  return fragmentOf(blocks);
}

function nextBlock(lines, depth) {
  const line = lines.shift();
  if (!line.trim()) return null;
  if (FENCE.test(line)) {
    const code = takeWhile(lines, (next) => !FENCE.test(next));
    lines.shift();
    return make("pre", {}, make("code", { textContent: code.join("\n") }));
  }
  const heading = HEADING.exec(line);
  // The page has a title, its sections have headings: those of a text come below.
  if (heading) return make(`h${Math.min(6, heading[1].length + 2)}`, {}, inline(heading[2]));
  for (const [pattern, tag] of [[BULLET, "ul"], [NUMBER, "ol"]]) {
    if (pattern.test(line)) return list(tag, pattern, [line, ...takeWhile(lines, (next) => pattern.test(next))]);
  }
  if (QUOTE.test(line) && depth < DEEPEST_QUOTE) {
    const quoted = [line, ...takeWhile(lines, (next) => QUOTE.test(next))].map((one) => QUOTE.exec(one)[1]);
    return make("blockquote", {}, markdown(quoted.join("\n"), depth + 1));
  }
  const starts = [BULLET, NUMBER, HEADING, QUOTE, FENCE];
  const rest = takeWhile(lines, (next) => next.trim() && !starts.some((pattern) => pattern.test(next)));
  return make("p", {}, inline([line, ...rest].join("\n")));
}

/** Return nodes as a fragment: a call is limited to some ten thousand arguments, and a text may have more parts. */
function fragmentOf(nodes) {
  const fragment = document.createDocumentFragment();
  for (const node of nodes) fragment.append(node);
  return fragment;
}

function takeWhile(lines, belongs) {
  const taken = [];
  while (lines.length && belongs(lines[0])) taken.push(lines.shift());
  return taken;
}

function list(tag, pattern, lines) {
  return make(tag, {}, fragmentOf(lines.map((line) => make("li", {}, inline(pattern.exec(line)[1])))));
}

function inline(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, strong, strong2, em, em2, label, address, bare] = found;
    parts.push(text.slice(end, found.index), span(whole, { code, strong: strong ?? strong2, em: em ?? em2, label, address, bare }));
    end = found.index + whole.length;
  }
  return fragmentOf([...parts, text.slice(end)].filter(Boolean));
}

function span(whole, { code, strong, em, label, address, bare }) {
  if (code) return make("code", { textContent: code });
  if (strong) return make("strong", {}, inline(strong));
  if (em) return make("em", {}, inline(em));
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
