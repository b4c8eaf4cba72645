/** Pages of differences and sources: fold all parts, filter files. */

const filter = document.getElementById("file-filter");
filter?.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of document.querySelectorAll(".tree [data-path]")) {
    const path = item.dataset.path.toLowerCase();
    item.hidden = !words.every((word) => path.includes(word));
  }
  for (const folder of document.querySelectorAll(".tree details")) {
    folder.hidden = !folder.querySelector("[data-path]:not([hidden])");
    if (words.length) folder.open = true;
  }
});

for (const button of document.querySelectorAll("[data-fold]")) {
  const fold = button.textContent;
  button.addEventListener("click", () => {
    const isFolding = button.textContent === fold;
    for (const part of document.querySelectorAll(button.dataset.fold)) part.open = !isFolding;
    button.textContent = isFolding ? button.dataset.unfold : fold;
  });
}
