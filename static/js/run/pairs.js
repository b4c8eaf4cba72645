/** Filtering the lines of config, summary and environment. */

/** Wire every filter inside `root`: a line stays when its key or value holds every word. */
export function filterPairs(root) {
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
