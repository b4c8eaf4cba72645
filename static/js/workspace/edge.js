/** The edge between two parts of a page: dragged, moved by arrow keys, folded by `\`. Kept by this browser. */

import { followPointer, isShortcut } from "../dom.js";
import { keep, kept } from "../shared/kept.js";

const [NARROWEST, WIDEST, STEP] = [200, 720, 16];
/** The part that is as wide as the edge says, on the left (1) or on the right (-1) of it. */
const LIST = { place: "runicorn.list", property: "--list", part: "#runs > .list", side: 1, widest: WIDEST, folded: () => innerWidth <= 640 };

/** Wire the edge in `root`. */
export function wireEdge(root, options = LIST) {
  const edge = document.getElementById("edge");
  const button = document.getElementById("fold");
  // On a phone there is room for one of them.
  let state = { folded: options.folded(), ...kept(options.place) };

  function show(change) {
    state = { ...state, ...change };
    if (state.width) root.style.setProperty(options.property, `${state.width}px`);
    root.classList.toggle("folded", Boolean(state.folded));
    button.ariaExpanded = !state.folded;
    edge.ariaValueNow = state.width ?? width();
  }

  function apply(change) {
    show(change);
    keep(options.place, state);
  }

  const width = () => root.querySelector(options.part)?.offsetWidth ?? NARROWEST;
  const sized = (to) => ({ width: Math.round(Math.min(options.widest, Math.max(NARROWEST, to))), folded: false });
  const fold = () => apply({ folded: !state.folded });

  edge.addEventListener("pointerdown", (event) => {
    const [start, before] = [event.clientX, width()];
    followPointer(edge, event, ({ clientX }) => show(sized(before + (clientX - start) * options.side)), () => keep(options.place, state));
    event.preventDefault();
  });
  edge.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (by) apply(sized(width() + by * options.side));
    else if (event.key === "Enter") fold();
    else return;
    event.preventDefault();
  });
  edge.addEventListener("dblclick", fold);
  button.addEventListener("click", fold);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "\\" || !isShortcut(event)) return;
    event.preventDefault();
    fold();
  });
  Object.assign(edge, { ariaValueMin: NARROWEST, ariaValueMax: options.widest });
  show({});
}
