/** Filtering the lines of config, summary and environment. */

/** Wire every filter inside `root`: a line stays when its key or value holds every word. */
export function filterPairs(root) {
  const copy = root.querySelector(".pairs [data-copy]");
  for (const line of copy ? root.querySelectorAll(".pairs dl > div") : []) line.append(copier(line, copy));
  for (const pane of root.querySelectorAll(".pairs")) {
    const lines = [...pane.querySelectorAll("dl > div")];
    pane.querySelector(".filter")?.addEventListener("input", (event) => {
      const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const line of lines) {
        const text = line.textContent.toLowerCase();
        line.hidden = !words.every((word) => text.includes(word));
      }
    });
  }
}

/** A button that copies the value of one line, made like the one that copies all of them. */
function copier(line, like) {
  const button = like.cloneNode(true);
  const value = line.querySelector("dd");
  delete button.dataset.copy;
  button.classList.add("copy-one");
  button.title = "Copy the value";
  button.setAttribute("aria-label", `Copy the value of ${line.querySelector("dt").textContent}`);
  button.addEventListener("click", async () => {
    if (!navigator.clipboard) return getSelection().selectAllChildren(value);
    await navigator.clipboard.writeText(value.textContent);
    button.dataset.done = "Copied";
    setTimeout(() => delete button.dataset.done, 1500);
  });
  return button;
}
