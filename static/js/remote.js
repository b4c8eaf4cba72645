/** Pages of remote hosts: refresh the part marked `data-fresh="<milliseconds>"`; 0 means once. */

import { make } from "./dom.js";
import { fragment } from "./http.js";
import { gettext } from "./i18n.js";
import { poll } from "./poll.js";
import { morph } from "./run/morph.js";

const SLOW = 2000;
const part = () => document.querySelector("[data-fresh]");
const notice = (textContent) => make("p", { className: "notice failed", id: "stale", role: "alert", textContent });

/** Update the part from new HTML and keep the focus. */
function replace(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html").body.firstElementChild;
  const focused = document.activeElement?.id;
  morph(part(), fresh);
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
}

function failed(error) {
  document.getElementById("stale")?.remove();
  if (error) part()?.before(notice(`${gettext("Out of date. Retrying…")} ${error.message}`));
}

const refresh = async () => replace(await fragment(location.pathname + location.search));
const first = part();
if (first?.dataset.fresh === "0") {
  refresh().catch((error) => first.replaceChildren(notice(error.message)));
} else if (first) {
  poll(refresh, () => Number(part()?.dataset.fresh ?? SLOW), failed);
}
