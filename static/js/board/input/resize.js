/** Resize cells in steps of the grid: one to three columns wide, one to three rows high. */

import { followPointer } from "../../dom.js";
import { gettext } from "../../i18n.js";

const MOST = 3, ROW = 240;
const KEYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
const inSteps = (number) => Math.min(MOST, Math.max(1, Math.round(number)));

/** Let corners inside `root` be dragged. `hooks`: resized(name, [width, height] in steps), say(text). */
export function wireResize(root, hooks) {
  root.addEventListener("pointerdown", (event) => {
    if (event.target.matches(".corner") && event.button === 0) drag(event, hooks);
  });
  root.addEventListener("keydown", (event) => {
    if (!event.target.matches(".corner") || !(event.key in KEYS)) return;
    event.preventDefault();
    const cell = event.target.closest("[data-cell]");
    const size = sizeIn(cell).map((number, i) => inSteps(number + KEYS[event.key][i]));
    hooks.resized(cell.dataset.cell, size);
    hooks.say(gettext("{width} of 3 wide, {height} of 3 high.", { width: size[0], height: size[1] }));
  });
}

function sizeIn(cell) {
  return ["--w", "--h"].map((name) => Number(cell.style.getPropertyValue(name)));
}

function drag(event, hooks) {
  const corner = event.target, cell = corner.closest("[data-cell]"), box = cell.getBoundingClientRect();
  const before = sizeIn(cell);
  const columns = getComputedStyle(cell.parentElement).gridTemplateColumns.split(" ");
  const track = parseFloat(columns[0]) + 16;
  let size = before;

  function show(next) {
    size = next;
    cell.style.setProperty("--w", size[0]);
    cell.style.setProperty("--h", size[1]);
    cell.classList.toggle("wide", size[0] > 1);
  }

  function end(isDrop) {
    if (!isDrop) show(before);
    else if (size.join() !== before.join()) hooks.resized(cell.dataset.cell, size);
  }

  event.preventDefault();
  corner.focus();
  followPointer(corner, event, ({ clientX, clientY }) => {
    const width = (clientX - box.left) / track;
    // The last column of the page stands for everything wider.
    show([columns.length < MOST && width > columns.length - 0.5 && before[0] > columns.length ? before[0] : inSteps(width), inSteps((clientY - box.top) / ROW)]);
  }, end);
}
