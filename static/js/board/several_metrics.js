/** Source of the curves of charts with several metrics, from a source of the curves of one (see chart/chart.js). */

import { lookAt } from "../chart/render/colours.js";

export class SeveralMetrics {
  /** `metricsOf(name)`: the metrics of a chart. */
  constructor(source, metricsOf) {
    Object.assign(this, { source, metricsOf });
  }

  get version() {
    return this.source.version;
  }

  async load(name, options) {
    const metrics = this.metricsOf(name);
    if (metrics.length === 1 && metrics[0] === name) return this.source.load(name, options);
    const answers = await Promise.all(metrics.map((metric) => this.source.load(metric, options)));
    return { ...answers[0], answers, metrics };
  }

  curves(name, answer) {
    if (!answer.answers) return this.source.curves(name, answer);
    return answer.metrics.flatMap((metric, i) => this.source.curves(metric, answer.answers[i]).map((curve) => named(curve, metric, i)));
  }
}

/** Metrics of one run have a colour each; those of several runs the colour of the run, and the metric in the label. */
function named(curve, metric, i) {
  if (curve.key === undefined) return { ...curve, key: metric, label: metric, ...lookAt(i) };
  return { ...curve, label: `${curve.label} ${metric}` };
}
