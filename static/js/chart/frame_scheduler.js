/** Draw scheduled charts once per animation frame. */

const waiting = new Set();

/** Call `chart.draw()` with the next frame. */
export function schedule(chart) {
  if (!waiting.size) requestAnimationFrame(() => drawWaiting());
  waiting.add(chart);
}

function drawWaiting() {
  const charts = [...waiting];
  waiting.clear();
  for (const chart of charts) chart.draw();
}
