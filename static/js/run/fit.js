/** The panes beside the charts reach from where they begin to the end of the window, however far the page is scrolled. */

/** Keep `--above` of `root`: the pixels of the page's head that are in sight above it; and `--tabs`, the height of its tabs. */
export function fitPanes(root) {
  const tabs = root.querySelector("[role=tablist]");
  const fit = () => {
    root.style.setProperty("--tabs", `${tabs.offsetHeight}px`);
    const above = Math.max(0, root.offsetTop - scrollY - document.querySelector(".top").offsetHeight);
    root.style.setProperty("--above", `${Math.round(above)}px`);
  };
  addEventListener("scroll", fit, { passive: true });
  addEventListener("resize", fit);
  const observer = new ResizeObserver(fit);
  for (const part of [tabs, document.getElementById("header")]) observer.observe(part);
  fit();
}
