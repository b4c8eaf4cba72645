/** From values to pixels and back. */

/**
 * A scale from `domain` [low, high] to `range` [from, to] in pixels; a logarithmic one counts from `zero`, and what is
 * not above it has no place. `even` and `uneven` lead from values to what is evenly spread over the range, and back.
 * Values are halved before they are subtracted, so that a domain from -1e308 to 1e308 does not overflow.
 */
export function makeScale(domain, range, log = false, zero = 0) {
  const forward = log ? (value) => Math.log10(value - zero) : (value) => value;
  const back = log ? (value) => zero + 10 ** value : (value) => value;
  const [low, high] = domain.map(forward);
  const half = high / 2 - low / 2;
  const [from, to] = range;
  return {
    domain,
    range,
    log,
    zero: log ? zero : -Infinity,
    even: forward,
    uneven: back,
    at: (value) => from + ((forward(value) / 2 - low / 2) / half) * (to - from),
    invert: (pixel) => {
      const part = (pixel - from) / (to - from);
      return back(low * (1 - part) + high * part);
    },
  };
}

/** [lowest, highest] with a little air, never empty: a constant keeps a band around itself. */
export function padded(lowest, highest, log = false) {
  if (!(lowest <= highest)) return log ? [0.1, 10] : [0, 1];
  if (log) return lowest === highest ? [lowest / 2, highest * 2] : padLog(lowest, highest);
  if (lowest === highest) {
    const air = Math.abs(lowest) / 10 || 0.5;
    return [finite(lowest - air), finite(highest + air)];
  }
  const air = highest * 0.05 - lowest * 0.05;
  return [finite(lowest - air), finite(highest + air)];
}

/** Whether a value has a place on an axis. */
export function isDrawable(value, log) {
  return Number.isFinite(value) && !(log && value <= 0);
}

function padLog(lowest, highest) {
  const air = 10 ** ((Math.log10(highest) - Math.log10(lowest)) * 0.05);
  return [lowest / air || lowest, finite(highest * air)];
}

function finite(value) {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

/** `domain` made narrower (factor < 1) or wider around `centre`, kept inside `bounds`. */
export function zoomed(domain, factor, centre, bounds) {
  const low = centre - (centre - domain[0]) * factor;
  const high = centre + (domain[1] - centre) * factor;
  return [Math.max(low, bounds[0]), Math.min(high, bounds[1])];
}
