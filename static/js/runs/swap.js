/** Swap in a new table around the open columns menu or the search, which keep their focus, their text and their place. */

const [COLUMNS, SEARCH] = ["#columns", "#search"];

/** Replace everything in `old` by what `fresh` has, except the element `kept` (a selector), which both have. */
export function swapAround(old, fresh, kept) {
  const isPath = (child) => child.matches(kept) || child.querySelector(kept);
  const here = [...old.children].find(isPath);
  const there = [...fresh.children].find(isPath);
  for (const child of [...old.childNodes]) if (child !== here) child.remove();
  const nodes = [...fresh.childNodes];
  const at = nodes.indexOf(there);
  here.before(...nodes.slice(0, at));
  here.after(...nodes.slice(at + 1));
  if (here.matches(kept)) return;
  for (const { name, value } of there.attributes) here.setAttribute(name, value);
  swapAround(here, there, kept);
}

function handleSwap(style, target, fragment, settleInfo) {
  const fresh = fragment.querySelector("#runs");
  if (style !== "around" || !fresh) return false;
  const menu = target.querySelector(`${COLUMNS}[open]`);
  const selector = menu ? COLUMNS : document.activeElement?.matches(SEARCH) && SEARCH;
  const other = selector && fresh.querySelector(selector);
  if (!other) {
    target.replaceWith(fresh);
    settleInfo.elts.push(fresh);
    return [fresh];
  }
  const shown = menu && other.querySelector(".shown").cloneNode(true);
  for (const { name, value } of fresh.attributes) target.setAttribute(name, value);
  swapAround(target, fresh, selector);
  menu?.dispatchEvent(new CustomEvent("columns", { detail: shown, bubbles: true }));
  settleInfo.elts.push(target);
  return [target];
}

/** Mark the malformed expression, that of the runs or that of the groups, where the answer was only its problem. */
function markProblem() {
  const problem = document.getElementById("where-problem");
  if (!problem) return;
  for (const name of ["where", "having"]) {
    const field = document.getElementById(name);
    if (field) field.ariaInvalid = problem.dataset.field === name;
  }
}

/** Define the swap style `around`. */
export function defineSwap() {
  document.addEventListener("htmx:afterSwap", markProblem);
  window.htmx.defineExtension("around", { isInlineSwap: (style) => style === "around", handleSwap });
}
