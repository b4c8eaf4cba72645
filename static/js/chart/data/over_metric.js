/** Curves over another metric instead of the step. Pure. */

/**
 * Return a curve of the server's answer over the metric whose values it has in `along`, in the order of these values:
 * `steps` are those of its points. Points without a finite value of that metric have no place.
 */
export function overMetric(part) {
  if (!part.along) return part;
  const order = ordered(part.along);
  const places = new Map(order.map((from, to) => [from, to]));
  return {
    ...part,
    steps: order.map((i) => part.x[i]),
    x: order.map((i) => part.along[i]),
    y: order.map((i) => part.y[i]),
    special: part.special.filter(([i]) => places.has(i)).map(([i, name]) => [places.get(i), name]),
    stages: [],
    back: [],
    band: columnsOver(part.band),
    smoothed: columnsOver(part.smoothed),
  };
}

function columnsOver(columns) {
  if (!columns?.along) return columns;
  const order = ordered(columns.along);
  const over = (name) => (Array.isArray(columns[name]) ? order.map((i) => columns[name === "x" ? "along" : name][i]) : columns[name]);
  return Object.fromEntries(Object.keys(columns).map((name) => [name, over(name)]));
}

/** Return the indices of finite values in ascending order of them, those of equal values in their own. */
function ordered(values) {
  return [...values.keys()].filter((i) => Number.isFinite(values[i])).sort((a, b) => values[a] - values[b]);
}
