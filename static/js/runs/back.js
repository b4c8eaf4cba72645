/** Undo of the last action, kept in session storage: it survives a reload and navigation. */

const PLACE = "runicorn.back";
const LASTS = 600_000;

/** Store {text, failed, back: [action, tag, run ids]}. */
export function keep(told) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify({ ...told, until: Date.now() + LASTS }));
  } catch {
    // Storage is full or disabled: undo lasts until the page is left.
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
