/** The way back from what was done last, kept in this tab: it outlives a reload and a look at another page. */

const PLACE = "runicorn.back";
const LASTS = 600_000;

/** Keep what was told of: {text, failed, back: [verb, tag, run ids]}. */
export function keep(told) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify({ ...told, until: Date.now() + LASTS }));
  } catch {
    // No room, or no storage at all: then the way back is there until the page is left.
    forget();
  }
}

/** What was kept less than ten minutes ago, or null. The recycle bin has deleted runs for longer. */
export function kept() {
  try {
    const told = JSON.parse(sessionStorage.getItem(PLACE));
    return told && told.until > Date.now() ? told : null;
  } catch {
    return null;
  }
}

export function forget() {
  try {
    sessionStorage.removeItem(PLACE);
  } catch {
    // Nothing is kept where there is no storage.
  }
}
