/** The dialog that creates a shared link to a run, its report, a comparison or a board. */

import { copyText } from "./shared/clipboard.js";
import { ask } from "./shared/dialog.js";
import { field, make, textButton } from "./dom.js";
import { jsonBody, requestJson, siteAddress } from "./http.js";
import { gettext } from "./i18n.js";

const DAY = 86_400;
const ENDS = [[7, gettext("7 days")], [30, gettext("30 days")], [1, gettext("1 day")], [0, gettext("never")]];
/** Chart settings that the link contains. */
const CHOICES = ["group", "band", "tab", "metric", "key", "keylog", "media", "steps", "x", "smooth", "log", "logx", "y", "range", "charts"];

/** Create a link; resolves with its address, which opens charts with their current settings. */
async function create({ kind, target }, days) {
  const end = days && { expires_at: Date.now() / 1000 + days * DAY };
  const { url } = await requestJson(siteAddress("/api/v2/shares"), jsonBody("POST", { kind, target, ...end }));
  const now = new URLSearchParams(location.search);
  const choices = new URLSearchParams(CHOICES.flatMap((name) => now.getAll(name).map((value) => [name, value])));
  return choices.size && kind !== "report" ? `${url}?${choices}` : url;
}

function select(entries) {
  return make("select", {}, ...entries.map(([value, textContent]) => make("option", { value, textContent })));
}

function open(button, offers) {
  const [what, end] = [select(offers.map(({ label }, i) => [i, label])), select(ENDS)];
  const link = make("input", { readOnly: true, "aria-label": gettext("Link") });
  const copy = textButton(gettext("Copy"), () => copyText(link.value, link, copy));
  const made = make("div", { className: "link", hidden: true }, link, copy);
  const links = make("a", { href: button.dataset.links, textContent: gettext("Shared links") });
  const note = make("p", { className: "soft" }, gettext("Everyone who has the link can read this page, without a login."), " ", links);
  ask({
    label: gettext("Share"),
    fields: [field(gettext("What"), what), field(gettext("Expires"), end), note, made],
    submit: gettext("Create link"),
    cancel: gettext("Close"),
    async save() {
      link.value = await create(offers[Number(what.value)], Number(end.value));
      made.hidden = false;
      link.select();
    },
    anchor: button,
    end: true,
    opened(form) {
      form.querySelector(".main").disabled = !offers.length;
      // The link that was created is not the one that is chosen now.
      form.addEventListener("change", () => (made.hidden = true));
    },
  });
}

/** Wire the buttons with `data-share` of a name; `offers()` returns what can be shared: [{kind, target, label}]. */
export function wireShare(name, offers) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest(`[data-share="${name}"]`);
    if (button) open(button, offers());
  });
}

/** Wire the button that shares a run or its report. */
export function wireRunShare(target) {
  const labels = { run: gettext("This run"), report: gettext("Report of this run") };
  wireShare("run", () => Object.entries(labels).map(([kind, label]) => ({ kind, target, label })));
}
