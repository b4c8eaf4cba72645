/** The log pane: whole lines as they come, following the end until somebody scrolls up. */

import { lastState, pieces } from "./ansi.js";

const LONGEST_LINE = 2000;
const MOST_LINES = 5000;
const AT_THE_END = 24;

export class LogPane {
  /** `root` holds a scrolling `.lines` and a checkbox `follow`. */
  constructor(root) {
    this.lines = root.querySelector(".lines");
    this.follow = root.querySelector("input[name=follow]");
    this.earlier = root.querySelector(".earlier");
    this.waiting = [];
    this.end = null;
    this.lines.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.follow.addEventListener("change", () => this.#toEnd());
  }

  /** Take lines of a live frame; they are drawn with the next frame of the screen. */
  add(lines, end) {
    this.end = end;
    if (!lines.length) return;
    if (!this.waiting.length) requestAnimationFrame(() => this.#draw());
    this.waiting.push(...lines);
    if (this.waiting.length > MOST_LINES) this.#forget(this.waiting.splice(0, this.waiting.length - MOST_LINES).length);
  }

  clear() {
    this.waiting = [];
    this.end = null;
    this.lines.replaceChildren();
  }

  #draw() {
    const made = document.createDocumentFragment();
    for (const line of this.waiting.splice(0)) made.append(lineOf(line));
    this.lines.querySelector(".none")?.remove();
    this.lines.append(made);
    const excess = this.lines.childElementCount - MOST_LINES;
    for (let i = 0; i < excess; i += 1) this.lines.firstElementChild.remove();
    this.#forget(excess);
    this.#toEnd();
  }

  #forget(count) {
    if (count > 0) this.earlier.hidden = false;
  }

  /** The pane was hidden and is seen again. */
  shown() {
    this.#toEnd();
  }

  #toEnd() {
    if (this.follow.checked) this.lines.scrollTop = this.lines.scrollHeight;
  }

  /** Scrolling up lets the end go; scrolling back to it takes it up again. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.lines;
    const below = scrollHeight - clientHeight - scrollTop;
    if (below > AT_THE_END && scrollTop < this.before) this.follow.checked = false;
    if (below < 2) this.follow.checked = true;
    this.before = scrollTop;
  }
}

function lineOf(text) {
  const row = document.createElement("div");
  const line = lastState(text);
  fill(row, line.slice(0, LONGEST_LINE));
  if (line.length > LONGEST_LINE) row.append(expander(row, line));
  return row;
}

function fill(row, line) {
  row.replaceChildren(
    ...pieces(line).map(([text, classes]) => {
      if (!classes) return text;
      const piece = document.createElement("span");
      piece.className = classes;
      piece.textContent = text;
      return piece;
    }),
  );
}

function expander(row, line) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "more";
  button.textContent = `… show all ${line.length.toLocaleString("en")} characters`;
  button.addEventListener("click", () => fill(row, line));
  return button;
}
