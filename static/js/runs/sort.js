/** Sorting by several columns: a click on a heading with Shift adds its column to the order. */

/** Wire the headings; their links alone sort by one column. */
export function sortBySeveral() {
  document.addEventListener("click", (event) => {
    const link = event.shiftKey && event.target.closest("th a[data-added]");
    if (!link) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    window.htmx.ajax("GET", link.dataset.added, { source: link, target: "#runs", swap: "around show:none" });
  }, true);
}
