/** What a chart of a given size shows: domains, scales and labelled ticks. Pure; `render/` paints it. */

import { axisOf } from "../axes.js";
import { tickLabel } from "../text/format.js";
import { makeScale, padded } from "./scale.js";
import { linearTicks, logTicks } from "./ticks.js";
import { xDomain, xAxisTicks, logOrigin } from "./x_axis.js";
import { yRange } from "./y_range.js";

const BOTTOM = 20;
/** Height of a chart from which its x axis has a title, and the room for it. */
const [ROOMY, TITLE] = [300, 16];
const TOP = 8;
const RIGHT = 8;
const CHARACTER = 6.4;
const MARGIN = 40;
const MACHINE_PERCENT = /^system\/.*percent$/;

/**
 * Arrange `curves` ([{series, band?}]) in `width` × `height` pixels.
 * `settings`: axis (see ../axes.js), log, logx, range ([from, to] or null), origin (seconds, for
 * "relative"), spread (see `yRange`), and `yRange` ([low or null, high or null]) where the value axis is not to follow the values.
 */
export function layOut(curves, settings, width, height) {
  const domain = xDomain(curves, settings);
  const zero = logOrigin(settings);
  const values = yRange(curves, domain, settings);
  const usual = values?.domain ?? padded(NaN, NaN, settings.log);
  const chosen = chosenDomain(settings, usual);
  const yDomain = chosen ?? (isPercent(settings) ? [0, values?.whole[1] > 100 ? usual[1] : 100] : usual);
  const labels = curves[0]?.series.labels ?? [];
  const most = Math.max(2, Math.round(height / 48));
  const yTicks = !values ? [] : labels.length ? textTicks(labels, most) : valueTicks(yDomain, settings.log, most);
  const widest = Math.max(...yTicks.map((tick) => tick.label.length), 0);
  const box = { left: Math.max(MARGIN, Math.ceil(widest * CHARACTER) + 12), top: TOP };
  box.right = Math.max(width - RIGHT, box.left + 1);
  const title = height >= ROOMY ? axisOf(settings).nameIn(settings) : "";
  box.bottom = Math.max(height - BOTTOM - (title ? TITLE : 0), box.top + 1);
  const xTicks = xAxisTicks(domain, settings, Math.max(2, Math.round((box.right - box.left) / 80)));
  return {
    box,
    x: makeScale(domain, [box.left, box.right], zero !== null, zero ?? 0),
    y: makeScale(yDomain, [box.bottom, box.top], settings.log),
    xTicks,
    yTicks,
    title,
    corner: title ? "" : axisOf(settings).nameIn(settings),
    empty: values === null,
    /** Range of the values, where the value axis that a user chose has none of them. */
    outside: chosen && values && (chosen[1] < values.whole[0] || chosen[0] > values.whole[1]) ? values.whole : null,
    cut: chosen || isPercent(settings) ? null : (values?.cut ?? null),
  };
}

/** Whether all metrics of a chart are shares of the machine: their axis goes from 0 to 100, unless it is logarithmic. */
function isPercent({ names = [], log }) {
  return !log && names.length > 0 && names.every((name) => MACHINE_PERCENT.test(name));
}

/** Return the value axis that a user chose, or null; an end that a logarithmic axis cannot have follows the values. */
function chosenDomain({ yRange: ends, log }, [lowest, highest]) {
  const [low, high] = (ends ?? []).map((end) => (end === null || (log && end <= 0) ? undefined : end));
  if (low === undefined && high === undefined) return null;
  const domain = [low ?? Math.min(lowest, high - Math.abs(high) / 2 || high - 1), high ?? Math.max(highest, low + Math.abs(low) / 2 || low + 1)];
  return domain[0] < domain[1] ? domain : null;
}

function valueTicks(domain, log, count) {
  const ticks = log ? logTicks(...domain, count) : linearTicks(...domain, count);
  const wide = log && domain[1] / domain[0] >= 10;
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : Math.abs(ticks[0]) || 1;
  return ticks.map((value) => ({ value, label: tickLabel(value, wide ? value : step) }));
}

/** Texts stand one above the other in the order in which they came; of many only some are named. */
function textTicks(labels, most) {
  const every = Math.ceil(labels.length / most / 2);
  return labels
    .map((text, value) => ({ value, label: text.length > 12 ? `${text.slice(0, 11)}…` : text }))
    .filter(({ value }) => value % every === 0);
}
