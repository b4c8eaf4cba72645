/** The panes beside the charts as tabs; on a narrow screen the charts are one of them. Without script all stand below each other. */

/** Make `.panes` inside `root` tabs; the address's hash names the open one. `opened(name)` is told of each. */
export function makeTabs(root, opened) {
  const tabs = [...root.querySelectorAll("[role=tab]")];
  const names = tabs.map((tab) => tab.dataset.pane);
  const wide = matchMedia("(min-width: 1101px)");

  function open(name) {
    root.dataset.pane = name;
    for (const tab of tabs) {
      const selected = tab.dataset.pane === name;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
      const pane = document.getElementById(tab.dataset.pane);
      pane.hidden = !selected && !(wide.matches && tab.dataset.pane === "charts");
    }
    opened(name);
  }

  function fromAddress() {
    const asked = location.hash.slice(1);
    const usual = wide.matches ? "log" : "charts";
    open(names.includes(asked) && !(wide.matches && asked === "charts") ? asked : usual);
  }

  root.querySelector("[role=tablist]").hidden = false;
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      history.replaceState(null, "", `#${tab.dataset.pane}`);
      open(tab.dataset.pane);
    });
  }
  root.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    const seen = tabs.filter((tab) => tab.offsetParent);
    const next = seen[(seen.indexOf(event.target) + move + seen.length) % seen.length];
    next.click();
    next.focus();
  });
  wide.addEventListener("change", fromAddress);
  addEventListener("hashchange", fromAddress);
  fromAddress();
}
