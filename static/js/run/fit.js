/** The panes beside the charts reach from where they begin to the end of the window, however far the page is scrolled. */

/** Keep `--above` of `root`: the pixels of the page's head that are in sight above it. */
export function fitPanes(root) {
  const fit = () => {
    const above = Math.max(0, root.offsetTop - scrollY - document.querySelector(".top").offsetHeight);
    root.style.setProperty("--above", `${Math.round(above)}px`);
  };
  addEventListener("scroll", fit, { passive: true });
  addEventListener("resize", fit);
  new ResizeObserver(fit).observe(document.getElementById("header"));
  fit();
}
