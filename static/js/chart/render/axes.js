/** Axes on a canvas. Everything is in CSS pixels; the caller has scaled the context to the display. */

const FONT = 11;

/** Grid, axis and labels. */
export function drawAxes(context, plot, colours) {
  const { box, x, y, xTicks, yTicks, title, corner } = plot;
  context.font = `${FONT}px ${colours.font}`;
  context.lineWidth = 1;
  context.strokeStyle = colours.grid;
  context.fillStyle = colours["ink-faint"];
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.beginPath();
  for (const tick of yTicks) {
    const at = crisp(y.at(tick.value));
    context.moveTo(box.left, at);
    context.lineTo(box.right, at);
    context.fillText(tick.label, box.left - 8, at);
  }
  context.stroke();
  context.textBaseline = "top";
  for (const tick of xTicks) {
    const at = x.at(tick.value);
    const half = context.measureText(tick.label).width / 2;
    context.textAlign = at + half > box.right + 8 ? "right" : at - half < 0 ? "left" : "center";
    context.fillText(tick.label, Math.min(at, box.right + (at + half > box.right + 8 ? 8 : 0)), box.bottom + 6);
  }
  if (title) {
    context.textAlign = "center";
    context.fillText(title, (box.left + box.right) / 2, box.bottom + 22);
  }
  if (corner) {
    const [last] = xTicks.slice(-1);
    const end = last ? x.at(last.value) + context.measureText(last.label).width : box.left;
    const isFree = end + 8 < box.right - context.measureText(corner).width;
    context.textAlign = "right";
    context.textBaseline = isFree ? "top" : "bottom";
    context.fillText(corner, box.right, isFree ? box.bottom + 6 : box.bottom - 3);
  }
  context.strokeStyle = colours.axis;
  context.beginPath();
  context.moveTo(box.left, crisp(box.bottom));
  context.lineTo(box.right, crisp(box.bottom));
  for (const tick of xTicks) {
    context.moveTo(crisp(x.at(tick.value)), box.bottom);
    context.lineTo(crisp(x.at(tick.value)), box.bottom + 4);
  }
  context.stroke();
}

/** A hairline lies between two pixels unless its coordinate ends in a half. */
export function crisp(value) {
  return Math.round(value - 0.5) + 0.5;
}
