/** Fit the panes beside the charts into the window at any scroll position. */

/** Keep `--above` of `root` (visible pixels of the page header above it) and `--tabs` (height of its tabs) up to date. */
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
  for (let above = root.previousElementSibling; above; above = above.previousElementSibling) observer.observe(above);
  observer.observe(tabs);
  fit();
}
