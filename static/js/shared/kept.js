/** What this browser remembers of the pages, or this tab (`"sessionStorage"`). Without storage, nothing outlives a page. */

export function kept(name, storage = "localStorage") {
  try {
    return JSON.parse(window[storage].getItem(name));
  } catch {
    return null;
  }
}

/** Remember a value; null forgets it. */
export function keep(name, value, storage = "localStorage") {
  try {
    window[storage].removeItem(name);
    if (value !== null) window[storage].setItem(name, JSON.stringify(value));
  } catch {
    // Full or disabled.
  }
}
