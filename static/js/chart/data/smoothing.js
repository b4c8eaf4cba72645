/** Smoothing that neither lags at its start nor lets one NaN swallow the rest. */

/**
 * Exponential moving average of `values` with weight 0 ≤ w < 1, bias-corrected as in Adam (Kingma & Ba 2015, section
 * 3): without the correction the first points are drawn towards zero. Values that are no finite number, or outside of
 * [low, high], stay as they are and do not count.
 */
export function smooth(values, weight, [low, high] = [-Infinity, Infinity]) {
  if (!(weight > 0)) return values;
  let average = 0;
  let remaining = 1;
  return values.map((value) => {
    if (!Number.isFinite(value) || value < low || value > high) return value;
    average = average * weight + value * (1 - weight);
    remaining *= weight;
    return average / (1 - remaining);
  });
}
