/** Move cells with a pointer: mouse, pen or finger on the grip. */

import { followPointer, make } from "../../dom.js";

const START = 4, EDGE = 56, SPEED = 12;

/** Let grips inside `root` be dragged. `hooks`: moved(name, section key, name that follows or null). */
export function wireDrag(root, hooks) {
  root.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".grip");
    if (!grip || event.button !== 0) return;
    const drag = new Drag(root, grip, event, hooks);
    followPointer(grip, event, (moved) => drag.move(moved), (isDrop) => drag.end(isDrop));
  });
}

class Drag {
  constructor(root, grip, event, hooks) {
    Object.assign(this, { root, grip, hooks, cell: grip.closest("[data-cell]"), start: [event.clientX, event.clientY] });
    this.at = this.start;
  }

  move({ clientX, clientY }) {
    this.at = [clientX, clientY];
    if (!this.moving && Math.hypot(clientX - this.start[0], clientY - this.start[1]) < START) return;
    if (!this.moving) this.#begin();
    this.#aim();
  }

  #begin() {
    this.moving = true;
    this.cell.classList.add("dragged");
    this.mark = make("i", { className: "drop-mark" });
    document.body.append(this.mark);
    this.#scroll();
  }

  /** Scroll while the pointer is near an edge of what scrolls. */
  #scroll() {
    if (!this.moving) return;
    const panel = this.root.closest(".panel");
    const inner = panel && panel.scrollHeight > panel.clientHeight ? panel : null;
    const box = inner ? inner.getBoundingClientRect() : { top: 48, bottom: innerHeight };
    const y = this.at[1], by = y < box.top + EDGE ? -SPEED : y > box.bottom - EDGE ? SPEED : 0;
    if (by) (inner ?? window).scrollBy(0, by);
    if (by) this.#aim();
    requestAnimationFrame(() => this.#scroll());
  }

  /** Find the place under the pointer. */
  #aim() {
    const [x, y] = this.at;
    const under = document.elementFromPoint(x, y);
    const section = under?.closest("[data-section]");
    this.target = null;
    if (section && this.root.contains(section) && section.dataset.section !== "hidden") {
      const cell = under.closest("[data-cell]") ?? nearest(section, x, y);
      const box = (cell ?? section.querySelector("summary")).getBoundingClientRect();
      // Cells that fill a row are above and below each other.
      const isRow = box.width > 0.6 * section.clientWidth;
      const after = cell && (isRow ? y > box.top + box.height / 2 : x > box.left + box.width / 2);
      const follows = after ? nextVisible(cell) : cell;
      this.target = { key: section.dataset.section, before: follows?.dataset.cell ?? null };
      if (!cell) this.#show(box.left, box.top, box.width, box.height);
      else if (isRow) this.#show(box.left, after ? box.bottom + 2 : box.top - 6, box.width, 4);
      else this.#show(after ? box.right + 6 : box.left - 10, box.top, 4, box.height);
    }
    this.mark.hidden = !this.target;
  }

  #show(left, top, width, height) {
    Object.assign(this.mark.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  }

  end(isDrop) {
    if (!this.moving) return;
    this.moving = false;
    this.mark.remove();
    this.cell.classList.remove("dragged");
    const { target } = this, name = this.cell.dataset.cell;
    if (isDrop && target && target.before !== name) this.hooks.moved(name, target.key, target.before);
  }
}

function nextVisible(cell) {
  let next = cell.nextElementSibling;
  while (next?.hidden) next = next.nextElementSibling;
  return next;
}

/** The cell of a section that is nearest to a point between cells. */
function nearest(section, x, y) {
  if (!section.querySelector("details").open) return null;
  const distance = (cell) => {
    const { left, right, top, bottom } = cell.getBoundingClientRect();
    return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
  };
  const cells = [...section.querySelectorAll("[data-cell]:not([hidden])")];
  return cells.length ? cells.reduce((best, cell) => (distance(cell) < distance(best) ? cell : best)) : null;
}
