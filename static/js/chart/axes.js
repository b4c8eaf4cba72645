/** X axes of charts, by whose keys settings name them. Whatever depends on the axis is here. Pure. */

import { gettext } from "../i18n.js";
import { dayTicks, durationTicks, numberTicks, powerTicks, spanTicks } from "./scales/axis_ticks.js";
import { formatDuration, formatNumber, formatTime } from "./text/format.js";

/** What the server's answers have as x; `range`: the parameter of a part. */
const STEPS = { x: "step", range: "step_range", isStep: true };
const TIMES = { x: "time", range: "time_range", isStep: false };

class Axis {
  /** Defaults of the fields; a registered axis has others. */
  hasLog = true;
  /** What "Go to" asks for where metrics have no steps. */
  target = "";
  /** Whether a range is of whole numbers. */
  isWhole = false;
  /** Whether only the server can add live points. */
  isJoined = false;
  /** What several runs are asked for in place of the x of one. */
  acrossRuns = {};

  constructor(fields) {
    Object.assign(this, { withoutSteps: fields.key }, fields);
  }

  /** Return what the axis is called in sentences. */
  nameIn() {
    return this.name;
  }

  /** Return the head of a column of x. */
  heading() {
    return this.source.x;
  }

  /** Return the x that values are counted from. */
  origin() {
    return 0;
  }

  textOf(x, settings) {
    return this.text(x - this.origin(settings));
  }

  /** Return x as text beside a value. */
  reading(x, settings) {
    return this.textOf(x, settings);
  }

  query() {
    return { x: this.source.x };
  }

  /** Return a range as precise as an address needs. */
  rounded([from, to]) {
    return this.isWhole ? [Math.floor(from), Math.ceil(to)] : [from, to].map((end) => Math.round(end * 1000) / 1000);
  }

  /** Return the last x up to an end that can be asked for. */
  upTo(end) {
    return this.source.isStep ? Math.floor(end) : end;
  }

  /** Return [x, values] of a live frame. By step there is no point without one. */
  live({ step, time }, values) {
    if (!this.source.isStep) return [time, values];
    if (!step.includes(null)) return [step, values];
    return [step.filter((value) => value !== null), values.filter((_, i) => step[i] !== null)];
  }
}

const NUMBERS = { source: STEPS, text: formatNumber, logTicks: powerTicks };

/** The axes of the menus, the default first. */
export const OFFERED = [
  new Axis({
    ...{ ...NUMBERS, key: "step", label: gettext("Step"), name: gettext("step"), ticks: numberTicks(1) },
    ...{ isWhole: true, withoutSteps: "relative" },
    reading: (x) => gettext("step {step}", { step: formatNumber(x) }),
  }),
  new Axis({
    ...{ source: TIMES, key: "relative", label: gettext("Duration"), name: gettext("time since start"), target: gettext("Seconds since start") },
    ...{ text: formatDuration, ticks: durationTicks, logTicks: spanTicks, acrossRuns: { x: "relative" } },
    origin: ({ origin }) => origin,
  }),
  new Axis({
    ...{ source: TIMES, key: "time", label: gettext("Time"), name: gettext("time"), target: gettext("Unix seconds") },
    // A moment has no logarithm.
    ...{ text: formatTime, ticks: dayTicks, hasLog: false },
  }),
];

/** Another metric: any other x in the options of a chart. */
const METRIC = new Axis({
  ...{ ...NUMBERS, key: "metric", ticks: numberTicks(0), isJoined: true },
  nameIn: ({ xMetric }) => xMetric,
  heading: ({ xMetric }) => xMetric,
  reading: (x, { xMetric }) => `${xMetric} ${formatNumber(x)}`,
  // A learning rate is a few millionths.
  rounded: (ends) => {
    const decimals = 3 - Math.floor(Math.log10(ends[1] - ends[0]));
    return decimals > 0 && decimals <= 100 ? ends.map((end) => Number(end.toFixed(decimals))) : ends;
  },
  query: ({ xMetric }) => ({ x: STEPS.x, x_metric: xMetric }),
});

const BY_KEY = new Map([...OFFERED, METRIC].map((axis) => [axis.key, axis]));

export function axisOf(settings) {
  return BY_KEY.get(settings.axis);
}

/** Return the query of an axis to a source, in the x that the source has for it. */
export function queryOf(source, settings) {
  const axis = axisOf(settings);
  return { ...axis.query(settings), ...(source.isAcrossRuns && axis.acrossRuns), ...source.queryOf?.(settings) };
}

/** Return the axis of a key in an address; nonsense is the default. */
export function offered(key) {
  return OFFERED.find((axis) => axis.key === key) ?? OFFERED[0];
}

/** Return the settings for the x of an address, which may be one of `metrics`; nonsense is the default. */
export function settingsAt(x, metrics = []) {
  return metrics.includes(x) ? settingsFor(x) : { axis: offered(x).key };
}

/** Return the x of settings as in an address: nothing for the default. */
export function parameterOf({ axis, xMetric }) {
  return axis === OFFERED[0].key ? "" : axis === METRIC.key ? xMetric : axis;
}

/** Whether settings have the axis that charts have unless something else is chosen. */
export function isUsual({ axis }) {
  return axis === OFFERED[0].key;
}

/** Return the settings for the x in the options of a chart. */
export function settingsFor(x) {
  return OFFERED.some(({ key }) => key === x) ? { axis: x } : { axis: METRIC.key, xMetric: x };
}

/** What the metrics of a run are asked for by; the last finds those with times and no steps. */
export const SOURCES = [STEPS.x, TIMES.x];

/** Whether x in an answer, or of a figure, is that of a metric with times and no steps. */
export function isTimeOnly(x) {
  return x === TIMES.x;
}
