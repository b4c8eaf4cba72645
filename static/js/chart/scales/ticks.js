/** Where an axis is labelled: round numbers for people, none of them invented by rounding. */

const DAY = 86400;
const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
];

/** The step of 1, 2 or 5 times a power of ten that cuts a span into about `count` pieces. */
function linearStep(min, max, count) {
  const raw = max / count - min / count; // not (max - min) / count: that overflows between -1e308 and 1e308
  const power = 10 ** Math.floor(Math.log10(raw));
  const excess = raw / power;
  return power * (excess >= 7.07 ? 10 : excess >= 3.16 ? 5 : excess >= 1.41 ? 2 : 1);
}

/** Round values inside [min, max]; `least` is the smallest step allowed (1 for an axis that counts). */
export function linearTicks(min, max, count, least = 0) {
  if (!(max > min) || count < 1) return Number.isFinite(min) ? [min] : [];
  const step = Math.max(linearStep(min, max, count), least);
  if (!(step > 0)) return [min];
  const ticks = [];
  // 0.35 / 0.05 is 6.999…: what is that near to a tick is on it.
  const last = Math.floor(max / step + 1e-9);
  // Dividing by the inverse gives 0.3 where multiplying by 0.1 gives 0.30000000000000004.
  const inverse = step < 1 ? Math.round(1 / step) : 0;
  for (let i = Math.ceil(min / step - 1e-9); i <= last && ticks.length < 1000; i += 1) {
    ticks.push(inverse && Number.isFinite(inverse) ? i / inverse : i * step);
  }
  return ticks;
}

/** Powers of ten inside [min, max], thinned over many decades; within two decades their multiples as well. */
export function logTicks(min, max, count) {
  if (!(min > 0) || !(max > min)) return [];
  const low = Math.floor(Math.log10(min));
  const high = Math.ceil(Math.log10(max));
  if (Math.log10(max) - Math.log10(min) < 1) return linearTicks(min, max, count);
  const multiples = high - low <= 2 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil((high - low) / count));
  const ticks = [];
  for (let power = Math.ceil(low / every) * every; power <= high; power += every) {
    for (const multiple of multiples) ticks.push(Number(`${multiple}e${power}`));
  }
  return ticks.filter((tick) => tick >= min && tick <= max);
}

/** The time step in seconds that cuts a span into at most about `count` pieces; below a second, a linear one. */
export function timeStep(min, max, count) {
  const raw = (max - min) / count;
  if (raw < 1) return linearStep(min, max, count);
  return TIME_STEPS.find((step) => step >= raw) ?? Math.max(1, linearStep(min / DAY, max / DAY, count)) * DAY;
}

/** Moments (Unix seconds) at round local times; `shift` is the zone's offset in seconds east of UTC. */
export function timeTicks(min, max, count, shift = 0) {
  if (!(max > min)) return Number.isFinite(min) ? [min] : [];
  const step = timeStep(min, max, count);
  const ticks = [];
  for (let i = Math.ceil((min + shift) / step); i * step - shift <= max && ticks.length < 1000; i += 1) {
    ticks.push(i * step - shift);
  }
  return ticks;
}
