/** Pages of differences and sources: fold all parts, filter files. */

const filter = document.getElementById("file-filter");
filter?.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of document.querySelectorAll(".tree [data-path]")) {
    const path = item.dataset.path.toLowerCase();
    item.hidden = !words.every((word) => path.includes(word));
  }
});
