/** Names and looks of the curves of a chart that has several metrics. Pure. */

import { DASHES, lookAt } from "../render/colours.js";

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
function told(name, i, { key, label }) {
  if (key === undefined) return { metric: i, key: name, label: name, ...lookAt(i) };
  return { metric: i, label: `${label} ${name}`, dash: DASHES[i % DASHES.length] };
}

/** Give a curve the looks ({colour, dash}) of its run; curves of several metrics keep name and dash. */
export function recolour(curve, look) {
  if (!look) return;
  Object.assign(curve, curve.metric === undefined ? look : { colour: look.colour });
}
