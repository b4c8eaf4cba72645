/**
 * The panes beside the charts as tabs; on a narrow screen the charts are one of them. Without scripts all of them
 * stand below each other.
 */

import { setParameters } from "../shared/query.js";

/** Scroll the tabs of `root` up to the top bar, so that the pane below them is seen whole. */
function raise(root) {
  const stuck = root.offsetTop - document.querySelector(".top").offsetHeight;
  if (scrollY < stuck) scrollTo(0, stuck);
}

/** Make the panes inside `root` tabs; the address names the open one. Calls `opened(name)` for each. */
export function makeTabs(root, opened) {
  const list = root.querySelector("[role=tablist]");
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const wide = matchMedia("(min-width: 1101px)");

  function open(name) {
    for (const tab of tabs) {
      const selected = tab.dataset.pane === name;
      tab.ariaSelected = selected;
      tab.tabIndex = selected ? 0 : -1;
      if (selected) list.scrollLeft = tab.offsetLeft + tab.offsetWidth / 2 - list.clientWidth / 2;
      const always = wide.matches && tab.dataset.pane === "charts";
      document.getElementById(tab.dataset.pane).hidden = !selected && !always;
    }
    if (name === "log" && !wide.matches) raise(root);
    opened(name);
  }

  function fromAddress() {
    const asked = new URLSearchParams(location.search).get("pane");
    const isTab = tabs.some((tab) => tab.dataset.pane === asked && !tab.hidden) && !(wide.matches && asked === "charts");
    open(isTab ? asked : wide.matches ? list.dataset.first : "charts");
  }

  function choose(tab) {
    setParameters({ pane: tab.dataset.pane });
    open(tab.dataset.pane);
  }

  list.hidden = false;
  for (const tab of tabs) {
    if (tab.dataset.pane !== "charts") document.getElementById(tab.dataset.pane).setAttribute("role", "tabpanel");
  }
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) choose(tab);
  });
  list.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    const seen = tabs.filter((tab) => tab.offsetParent);
    const next = seen[(seen.indexOf(event.target) + move + seen.length) % seen.length];
    choose(next);
    next.focus();
  });
  wide.addEventListener("change", fromAddress);
  addEventListener("popstate", fromAddress);
  fromAddress();
}
