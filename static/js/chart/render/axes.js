/** Axes on a canvas. Everything is in CSS pixels; the caller has scaled the context to the display. */

const FONT = 11;
/** Pixels to the right of the plot that texts may use. */
const MARGIN = 8;
/** Pixels between the name of the x axis and a label. */
const GAP = 6;

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
  const named = nameOfX(context, plot);
  for (const tick of xTicks) {
    if (named?.hidden === tick) continue;
    const at = x.at(tick.value);
    const half = context.measureText(tick.label).width / 2;
    const isCut = at + half > box.right + MARGIN;
    context.textAlign = isCut ? "right" : at - half < 0 ? "left" : "center";
    context.fillText(tick.label, isCut ? box.right + MARGIN : at, box.bottom + 6);
  }
  if (title) {
    context.textAlign = "center";
    context.fillText(title, (box.left + box.right) / 2, box.bottom + 22);
  }
  if (named) {
    context.textAlign = "right";
    context.fillText(corner, named.right, box.bottom + 6);
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

/**
 * Where the name of the x axis ends, in the line of the labels: after the last of them, in place of it if two others
 * are left, else before it. Null if it fits nowhere.
 */
function nameOfX(context, { box, x, xTicks, corner }) {
  if (!corner) return null;
  const widthOf = (text) => context.measureText(text).width;
  const half = (tick) => widthOf(tick.label) / 2;
  const [previous, last] = [xTicks.at(-2), xTicks.at(-1)];
  const width = widthOf(corner);
  const end = last ? x.at(last.value) + half(last) : box.left;
  const right = Math.max(box.right, end + GAP + width);
  if (right <= box.right + MARGIN) return { right };
  if (xTicks.length > 2) return { right: box.right, hidden: last };
  // A label that would be cut is drawn further to the left.
  const before = Math.min(x.at(last.value) - half(last), box.right + MARGIN - 2 * half(last)) - GAP;
  const free = previous ? x.at(previous.value) + half(previous) + GAP : box.left;
  return before - width >= free ? { right: before } : null;
}

/** A hairline lies between two pixels unless its coordinate ends in a half. */
export function crisp(value) {
  return Math.round(value - 0.5) + 0.5;
}
