/** Reordering a list by dragging its lines, with a mouse or a finger. */

/** Let the lines of `list()` be dragged by their grips; `done()` is called after a line was moved. */
export function reorder(list, done) {
  let line = null;
  let moved = false;

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.(".grip");
    line = grip && list()?.contains(grip) ? grip.closest("li") : null;
    if (!line) return;
    event.preventDefault();
    moved = false;
    line.classList.add("dragged");
  });

  document.addEventListener("pointermove", (event) => {
    if (!line) return;
    const others = [...list().children].filter((other) => other !== line);
    const next = others.find((other) => {
      const box = other.getBoundingClientRect();
      return event.clientY < box.top + box.height / 2;
    });
    if (line.nextElementSibling === (next ?? null)) return;
    list().insertBefore(line, next ?? null);
    moved = true;
  });

  function end() {
    if (!line) return;
    line.classList.remove("dragged");
    line = null;
    if (moved) done();
  }
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", end);
}
