/** Names and looks of the curves of a chart that has several metrics. Pure. */

import { DASHES, MARKERS, lookAt } from "../render/colours.js";

/**
 * Return the curves of all metrics, given for each of `names`: with an `id`, and where there are several metrics with
 * names and looks that tell them apart. Runs keep their colours, and the metrics of one run have one each.
 */
export function labelled(names, found) {
  return found.flatMap((curves, i) =>
    curves.map((curve) => {
      const made = { ...curve, id: `${names[i]}\n${curve.key ?? ""}` };
      return names.length > 1 ? { ...made, ...told(names[i], i, made) } : made;
    }),
  );
}

/** Return the looks of a curve of metric `i`. */
function told(name, i, { key, label, dash, marker }) {
  if (key === undefined) return { metric: i, key: name, label: name, ...lookAt(i) };
  return { metric: i, label: `${label} ${name}`, dash: DASHES[i % DASHES.length], marker: markerOf({ dash, marker }) };
}

/** Give a curve the look of its run; curves of several metrics keep name and dash. */
export function recolour(curve, look) {
  if (!look) return;
  Object.assign(curve, curve.metric === undefined ? look : { colour: look.colour, marker: markerOf(look) });
}

/** Return the marker of a run where dashes tell metrics apart. */
function markerOf({ dash, marker }) {
  return marker ?? MARKERS[Math.max(0, DASHES.indexOf(dash ?? null))];
}
