/** What the page shows, in its address: any view of it can be sent as a link. */

import { setParameters } from "../shared/query.js";

const TEXTS = ["where", "q", "sort", "tab", "sample"];
const NUMBERS = ["step", "row", "page"];

export function readState() {
  const query = new URLSearchParams(location.search);
  const state = { grouped: query.has("grouped") };
  for (const name of TEXTS) state[name] = query.get(name) ?? "";
  for (const name of NUMBERS) state[name] = query.has(name) && query.get(name) !== "" ? Number(query.get(name)) : null;
  state.page ??= 1;
  return state;
}

export function writeState(state, name) {
  const changes = { set: name, grouped: state.grouped ? "1" : "" };
  for (const key of TEXTS) changes[key] = state[key];
  for (const key of NUMBERS) changes[key] = state[key] === null ? "" : String(state[key]);
  if (state.page === 1) changes.page = "";
  setParameters(changes);
}

/** Return the query of the server for the selection of a state. */
export function selection(state, changes = {}) {
  const query = new URLSearchParams();
  const values = { step: state.step, sample: state.sample, where: state.where, q: state.q, ...changes };
  for (const [name, value] of Object.entries(values)) if (value !== null && value !== undefined && value !== "") query.set(name, value);
  return query;
}

/** Return two conditions joined: both must be true. */
export function both(first, second) {
  if (!first.trim()) return second;
  return /\bor\b/i.test(first) ? `(${first}) and ${second}` : `${first} and ${second}`;
}

/** Return a value as it is written in a condition. */
export function literal(value) {
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return String(value);
  return `"${String(value).replace(/(["\\])/g, "\\$1")}"`;
}

/** Return a column as it is written in a condition. */
export function columnName(name) {
  return /^[A-Za-z_][\w./-]*$/.test(name) && !/^(and|or|not|in|is|exists|contains)$/i.test(name) ? name : literal(name);
}
