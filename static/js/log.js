/** Log pane: complete lines as they arrive, following the end until the user scrolls up; earlier ones on demand. */

import { catchUp, extend, fill, jump, lastOf, onKey, tell } from "./log/extend.js";
import { Lines, MOST_ROWS } from "./log/lines.js";
import { Source } from "./log/source.js";

const AT_THE_END = 24;
const NEAR = 600;
const PAUSE = 50;

export class LogPane {
  /** `root` contains a scrolling `.lines`, a checkbox `follow`, a `.failure` with a button, and a button `.to-end`. */
  constructor(root) {
    this.element = root.querySelector(".lines");
    this.follow = root.querySelector("input[name=follow]");
    this.toEnd = root.querySelector(".to-end");
    this.source = new Source(root);
    this.lines = new Lines(this.element, this.source.text, (row) => this.marked(row));
    Object.assign(this, { marked() {}, waiting: [], end: null, attached: true });
    this.element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.element.addEventListener("keydown", (event) => onKey(this, event));
    // Where lines are folded there may be nothing to scroll, and more to see.
    this.element.addEventListener("wheel", ({ deltaY }) => deltaY < 0 && !this.element.scrollTop && extend(this, true), { passive: true });
    new ResizeObserver(() => this.shown()).observe(this.element);
    this.follow.addEventListener("change", () => this.follow.checked && this.goToEnd());
    this.toEnd.addEventListener("click", () => this.goToEnd());
  }

  /** Take a live frame; it is drawn a moment later, together with others. */
  add(frame) {
    if (frame.replaced) this.clear();
    if (!frame.lines.length) return;
    this.end = { at: frame.end, number: frame.first + frame.lines.length };
    if (!this.attached) return this.settle();
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
    if (this.follow.checked) this.scrollToEnd();
    fill(this);
  }

  /** Show line `number` in its surroundings. */
  jump(number) {
    this.follow.checked = false;
    return jump(this, number);
  }

  /** Take up the end again. */
  async goToEnd() {
    this.follow.checked = true;
    if (!this.attached && this.end && !(await catchUp(this))) return;
    this.#draw();
    this.scrollToEnd();
  }

  /** Show other lines than before. */
  show(blocks) {
    this.waiting = [];
    this.lines.clear();
    this.lines.append(blocks);
    this.settle();
  }

  /** Whether the rows reach the last line that the socket has sent. */
  settle() {
    this.attached = this.end !== null && (this.lines.next?.number ?? 1) >= this.end.number;
    tell(this);
  }

  #draw() {
    const frames = this.waiting.splice(0);
    if (!frames.length) return;
    // Lines that the user is reading must not be pushed off the page.
    const hasSpace = this.follow.checked || this.lines.count < MOST_ROWS;
    if (!hasSpace || !this.attached) {
      this.attached = false;
    } else {
      this.element.querySelector(".none")?.remove();
      this.lines.append(lastOf(frames));
      if (this.follow.checked) this.scrollToEnd();
    }
    tell(this);
    fill(this);
  }

  scrollToEnd() {
    this.element.scrollTop = this.element.scrollHeight;
    tell(this);
  }

  /** Scrolling up lets the end go; scrolling back to it takes it up again. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    const below = scrollHeight - clientHeight - scrollTop;
    if (below > AT_THE_END && scrollTop < this.before) this.follow.checked = false;
    if (below < 2 && this.attached) this.follow.checked = true;
    if (scrollTop < NEAR && scrollTop <= this.before) extend(this, true);
    if (below < NEAR && !this.attached) extend(this, false);
    this.before = scrollTop;
    tell(this);
  }
}
