/** The edge between the list and the charts: dragged, moved by arrow keys, folded by `\`. Kept by this browser. */

const PLACE = "runicorn.list";
const [NARROWEST, WIDEST, STEP] = [200, 720, 16];

function kept() {
  try {
    return JSON.parse(localStorage.getItem(PLACE)) ?? {};
  } catch {
    return {};
  }
}

function keep(state) {
  try {
    localStorage.setItem(PLACE, JSON.stringify(state));
  } catch {
    // Storage is full or disabled: the width lasts as long as the page.
  }
}

/** Wire the edge of the workspace; `resized()` is called after a change. */
export function wireEdge(workspace, resized) {
  const edge = document.getElementById("edge");
  const button = document.getElementById("fold");
  // On a phone there is room for one of them.
  let state = { folded: innerWidth <= 640, ...kept() };

  function apply(change) {
    state = { ...state, ...change };
    if (state.width) workspace.style.setProperty("--list", `${state.width}px`);
    workspace.classList.toggle("folded", Boolean(state.folded));
    button.setAttribute("aria-expanded", String(!state.folded));
    edge.setAttribute("aria-valuenow", String(state.width ?? width()));
    if (!change) return;
    keep(state);
    resized();
  }

  const width = () => document.querySelector("#runs > .list")?.offsetWidth ?? NARROWEST;
  const resize = (to) => apply({ width: Math.round(Math.min(WIDEST, Math.max(NARROWEST, to))), folded: false });
  const fold = () => apply({ folded: !state.folded });

  edge.addEventListener("pointerdown", (event) => {
    const [start, before] = [event.clientX, width()];
    const follow = (moved) => resize(before + moved.clientX - start);
    edge.setPointerCapture(event.pointerId);
    edge.addEventListener("pointermove", follow);
    edge.addEventListener("lostpointercapture", () => edge.removeEventListener("pointermove", follow), { once: true });
    event.preventDefault();
  });
  edge.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (by) resize(width() + by);
    else if (event.key === "Enter") fold();
    else return;
    event.preventDefault();
  });
  edge.addEventListener("dblclick", fold);
  button.addEventListener("click", fold);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "\\" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox], [type=radio], [type=range]), select, textarea, dialog")) return;
    event.preventDefault();
    fold();
  });
  edge.setAttribute("aria-valuemin", String(NARROWEST));
  edge.setAttribute("aria-valuemax", String(WIDEST));
  apply();
}
