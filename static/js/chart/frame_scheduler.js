/** Draw scheduled charts once per animation frame. All are measured before the first is drawn, which changes the page. */

const waiting = new Set();

/** Call `chart.draw(size)` with the next frame. */
export function schedule(chart) {
  if (!waiting.size) requestAnimationFrame(() => drawWaiting());
  waiting.add(chart);
}

function drawWaiting() {
  const charts = [...waiting];
  waiting.clear();
  const sizes = charts.map((chart) => chart.size);
  charts.forEach((chart, i) => chart.draw(sizes[i]));
}
