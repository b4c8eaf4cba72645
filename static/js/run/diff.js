/** What was not committed: fetched when it is opened, since it may be as large as all else on the page. */

export function openDiff(root) {
  const details = root.querySelector("[data-diff]");
  details?.addEventListener("toggle", () => {
    if (details.open && !details.querySelector(".diff")) load(details);
  });
}

async function load(details) {
  const response = await fetch(details.dataset.diff, { headers: { "HX-Request": "true" } }).catch(() => null);
  const text = response?.ok ? await response.text().catch(() => null) : null;
  const shown = details.querySelector("summary + *");
  const sentence = "The diff could not be read: the viewer does not answer. Close and open it to try again.";
  if (text === null) return (shown.textContent = sentence);
  // The server's own markup, with every line of the diff escaped.
  shown.outerHTML = text;
}
