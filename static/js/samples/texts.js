/** Texts of samples, which may contain anything: always shown as text, with control and direction characters visible. */

import { make, textButton } from "../dom.js";
import { gettext } from "../i18n.js";
import { characters } from "./plain_text.js";

const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** Return a text in which characters that act instead of being seen are replaced by their names. */
export function visible(text) {
  return text.replace(HIDDEN, (character) => {
    const code = character.codePointAt(0);
    return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
  });
}

export function short(value, most = 120) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return number(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const line = visible(text.slice(0, most * 2).replace(/\s+/g, " ")).slice(0, most);
  return text.length > most ? `${line}…` : line;
}

export function number(value) {
  if (value === null || value === undefined) return "–";
  if (Number.isInteger(value)) return value.toLocaleString("en").replace("-", "−");
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

/** Return a block with a text of the server, `{text, length, path}`, and a button that fetches the rest window by window. */
export function textBlock({ text, length, path }, fetchMore) {
  const pre = make("pre", { className: "sample-text", dir: "auto", textContent: visible(text) });
  const block = make("div", {}, pre);
  let end = characters(text);
  if (end < length) {
    const label = () => gettext("Show more ({shown} of {length} characters)", { shown: number(end), length: number(length) });
    const button = textButton(label(), async () => {
      button.disabled = true;
      try {
        const more = await fetchMore(path, end);
        pre.append(visible(more.text));
        end += characters(more.text);
      } finally {
        button.disabled = false;
      }
      if (end >= length) button.remove();
      else button.textContent = label();
    }, { className: "button quiet" });
    block.append(button);
  }
  return block;
}
