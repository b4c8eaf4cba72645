/** Choosing rows: one, a stretch of them with Shift, all of the page. */

/** Wire the checkboxes of the page; `show()` brings the bar and the box in the head up to date. */
export function selection() {
  let last = null;

  const boxes = () => [...document.querySelectorAll("input.pick")];

  function show() {
    const all = boxes();
    const count = all.filter((box) => box.checked).length;
    const bar = document.getElementById("selection");
    if (!bar) return;
    bar.hidden = !count;
    bar.querySelector("output").textContent = count === 1 ? "1 run selected" : `${count} runs selected`;
    const head = document.getElementById("pick-all");
    head.hidden = false;
    head.checked = count > 0 && count === all.length;
    head.indeterminate = count > 0 && count < all.length;
  }

  document.addEventListener("click", (event) => {
    const box = event.target.closest("input.pick");
    if (box) {
      const all = boxes();
      if (event.shiftKey && last?.isConnected) {
        const ends = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
        for (const one of all.slice(ends[0], ends[1] + 1)) one.checked = box.checked;
      }
      last = box;
    } else if (event.target.id === "pick-all") {
      for (const one of boxes()) one.checked = event.target.checked;
    } else if (event.target.closest("#unpick")) {
      for (const one of boxes()) one.checked = false;
    } else return;
    show();
  });

  show();
  return { show };
}
