/** Modules that few visits need: the page names their bundle, which is loaded when it is wanted. */

import { HttpError, UNREACHABLE } from "./http.js";

/** Return the exports of the module `name` in the bundle at `address`. */
export async function load(address, name) {
  try {
    return (await import(address)).default[name];
  } catch {
    throw new HttpError(UNREACHABLE);
  }
}
