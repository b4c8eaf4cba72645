/** ReDoc in the colours of the theme. It computes shades, so it needs resolved colours; a change of theme reloads the page. */

import { onThemeChange, resolved } from "../chart/render/palette.js";

const TOP = 48;
const NAMES = ["paper", "shade", "shade-strong", "line", "ink", "ink-soft", "accent", "finished", "failed", "interrupted", "running"];

function theme() {
  const c = resolved(NAMES);
  const dark = resolved(NAMES, "dark"); // the samples stand on dark ground in both themes: their colours are fixed
  const answer = (colour) => ({ color: c[colour], backgroundColor: c.shade, tabTextColor: dark[colour] });
  return {
    colors: {
      primary: { main: c.accent },
      success: { main: c.finished },
      warning: { main: c.interrupted, contrastText: c.paper },
      error: { main: c.failed },
      gray: { 50: c.shade, 100: c["shade-strong"] },
      text: { primary: c.ink, secondary: c["ink-soft"] },
      border: { dark: c.line, light: c.line },
      responses: { success: answer("finished"), error: answer("failed"), redirect: answer("interrupted"), info: answer("running") },
      http: { get: c.running, post: c.finished, put: c.interrupted, patch: c.interrupted, delete: c.failed },
    },
    schema: { linesColor: c.line, defaultDetailsWidth: "75%", typeNameColor: c["ink-soft"], typeTitleColor: c["ink-soft"], requireLabelColor: c.failed, nestedBackground: c.shade },
    typography: {
      fontSize: "13px",
      lineHeight: "20px",
      fontFamily: getComputedStyle(document.body).fontFamily,
      headings: { fontFamily: getComputedStyle(document.body).fontFamily, fontWeight: "600" },
      code: { fontSize: "12px", fontFamily: "monospace", color: c.ink, backgroundColor: c["shade-strong"] },
      links: { color: c.accent, visited: c.accent, hover: c.accent },
    },
    sidebar: { width: "240px", backgroundColor: c.shade, textColor: c.ink, activeTextColor: c.accent },
    rightPanel: { backgroundColor: dark.shade, textColor: dark.ink },
    codeBlock: { backgroundColor: dark["shade-strong"] },
    fab: { backgroundColor: c["shade-strong"], color: c.accent },
  };
}

const place = document.getElementById("redoc");
// Its parts of a route skip three levels of headings.
const level = () => place.querySelectorAll("h5:not([aria-level])").forEach((heading) => (heading.ariaLevel = "3"));
new MutationObserver(level).observe(place, { childList: true, subtree: true });
globalThis.Redoc.init(place.dataset.schema, { theme: theme(), scrollYOffset: TOP, hideDownloadButton: true, nativeScrollbars: true }, place);
// It cannot be taken down again: one drawn beside it would stay alive, and the reader would lose their place.
onThemeChange(() => location.reload());
