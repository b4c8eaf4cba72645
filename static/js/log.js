/** The log pane: whole lines as they come, following the end until somebody scrolls up; earlier ones on demand. */

import { Lines, MOST_ROWS } from "./log/lines.js";
import { Source } from "./log/source.js";

const AT_THE_END = 24;
const NEAR = 600;
const PAUSE = 50;

export class LogPane {
  /** `root` holds a scrolling `.lines`, a checkbox `follow`, a `.trouble` with a button, and a button `.to-end`. */
  constructor(root) {
    this.element = root.querySelector(".lines");
    this.follow = root.querySelector("input[name=follow]");
    this.toEnd = root.querySelector(".to-end");
    this.source = new Source(root);
    this.marked = () => {};
    this.lines = new Lines(this.element, this.source.text, (row) => this.marked(row));
    this.waiting = [];
    this.end = null;
    this.attached = true;
    this.element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.shown()).observe(this.element);
    this.follow.addEventListener("change", () => this.follow.checked && this.goToEnd());
    this.toEnd.addEventListener("click", () => this.goToEnd());
  }

  /** Take a live frame; it is drawn a moment later, together with others. */
  add(frame) {
    if (frame.replaced) this.clear();
    if (!frame.lines.length) return;
    this.end = { at: frame.end, number: frame.first + frame.lines.length };
    if (!this.attached) return this.#settle();
    if (!this.waiting.length) setTimeout(() => this.#draw(), PAUSE);
    this.waiting.push(frame);
  }

  /** Where the socket goes on after a break. */
  get place() {
    return this.end ? { log: this.end.at, log_lines: this.end.number - 1 } : {};
  }

  clear() {
    this.waiting = [];
    this.end = null;
    this.attached = true;
    this.lines.clear();
  }

  /** The pane was hidden and is seen again. */
  shown() {
    if (this.follow.checked) this.#scrollToEnd();
  }

  /** Show line `number` in its surroundings. */
  async jump(number) {
    this.follow.checked = false;
    if (!this.lines.row(number)) {
      const blocks = await this.source.blocks({ around: number }, () => this.jump(number));
      if (!blocks) return;
      this.#show(blocks);
    }
    const row = this.lines.row(number) ?? this.element.lastElementChild;
    if (!row) return;
    for (const one of this.element.querySelectorAll("[aria-current]")) one.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    row.classList.add("seen");
    this.element.scrollTop = row.offsetTop - this.element.clientHeight / 2;
  }

  /** Take up the end again. */
  async goToEnd() {
    this.follow.checked = true;
    if (!this.attached && this.end) {
      const blocks = await this.source.blocks({ before: this.end.at, first: this.end.number }, () => this.goToEnd());
      if (!blocks) return;
      this.#show(blocks);
      this.attached = true;
    }
    this.#draw();
    this.#scrollToEnd();
  }

  #show(blocks) {
    this.waiting = [];
    this.lines.clear();
    this.lines.append(blocks);
    this.#settle();
  }

  /** Whether the rows reach the end of what the socket has told of. */
  #settle() {
    this.attached = this.end !== null && (this.lines.next?.number ?? 1) >= this.end.number;
    this.#tell();
  }

  #draw() {
    const frames = this.waiting.splice(0);
    if (!frames.length) return;
    // Somebody reads: what is read must not be pushed off the page.
    const room = this.follow.checked || this.lines.count < MOST_ROWS;
    if (!room || !this.attached) {
      this.attached = false;
    } else {
      this.element.querySelector(".none")?.remove();
      this.lines.append(lastOf(frames));
      if (this.follow.checked) this.#scrollToEnd();
    }
    this.#tell();
  }

  async #more(earlier) {
    const { first, next } = this.lines;
    const asked = earlier ? { before: first?.start, first: first?.first } : { after: next?.at, first: next?.number };
    if (!first || (earlier ? !first.start : this.attached)) return;
    const blocks = await this.source.blocks(asked, () => this.#more(earlier), true);
    if (!blocks || this.lines.first !== first) return;
    const { scrollHeight, scrollTop } = this.element;
    if (earlier) {
      this.lines.prepend(blocks);
      this.element.scrollTop = scrollTop + this.element.scrollHeight - scrollHeight;
    } else {
      const anchor = this.element.lastElementChild;
      const before = anchor.offsetTop;
      this.lines.append(blocks);
      this.element.scrollTop = scrollTop + anchor.offsetTop - before;
    }
    this.#settle();
  }

  #tell() {
    const missed = this.end && this.lines.next ? this.end.number - this.lines.next.number : 0;
    this.toEnd.hidden = this.follow.checked || !this.end;
    this.toEnd.textContent = missed > 0 && !this.attached ? `${missed.toLocaleString("en")} more ↓` : "To the end ↓";
  }

  #scrollToEnd() {
    this.element.scrollTop = this.element.scrollHeight;
    this.#tell();
  }

  /** Scrolling up lets the end go; scrolling back to it takes it up again. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    const below = scrollHeight - clientHeight - scrollTop;
    if (below > AT_THE_END && scrollTop < this.before) this.follow.checked = false;
    if (below < 2 && this.attached) this.follow.checked = true;
    if (scrollTop < NEAR && scrollTop <= this.before) this.#more(true);
    if (below < NEAR && !this.attached) this.#more(false);
    this.before = scrollTop;
    this.#tell();
  }

  #key(event) {
    if (event.key === "End") this.goToEnd();
    else if (event.key === "Home") this.jump(1);
    else return;
    event.preventDefault();
  }
}

/** The last frames, as many as there is room for. */
function lastOf(frames) {
  let rows = 0;
  return frames.slice(Math.max(0, frames.findLastIndex(({ lines }) => (rows += lines.length) >= MOST_ROWS)));
}
