/** The dialog that creates a shared link to a run, a comparison or a board. */

import { besides, make } from "./dom.js";
import { requestJson, siteAddress } from "./http.js";
import { gettext } from "./i18n.js";

const DAY = 86_400;
const ENDS = [[7, gettext("7 days")], [30, gettext("30 days")], [1, gettext("1 day")], [0, gettext("never")]];
/** Chart settings that the link contains. */
const CHOICES = new Set(["group", "band", "tab", "metric", "key", "keylog", "media", "steps", "x", "smooth", "log", "logx", "y", "range", "charts"]);

/** Create a link; resolves with its address, which opens the charts with their current settings. */
async function create({ kind, target }, days) {
  const body = JSON.stringify({ kind, target, ...(days ? { expires_at: Date.now() / 1000 + days * DAY } : {}) });
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body };
  const { url } = await requestJson(siteAddress("/api/v2/shares"), options);
  const kept = new URLSearchParams([...new URLSearchParams(location.search)].filter(([name]) => CHOICES.has(name)));
  return kept.size ? `${url}?${kept}` : url;
}

function select(label, entries) {
  const options = entries.map(([value, text]) => make("option", { value, textContent: text }));
  const field = make("select", {}, ...options);
  return [make("label", {}, make("span", { className: "label", textContent: label }), field), field];
}

function open(button, offers) {
  const [what, chosen] = select(gettext("What"), offers.map(({ label }, i) => [i, label]));
  const [end, days] = select(gettext("Expires"), ENDS);
  const link = make("input", { readOnly: true, "aria-label": gettext("Link") });
  const copy = make("button", { type: "button", className: "button", textContent: gettext("Copy") });
  const made = make("div", { className: "link", hidden: true }, link, copy);
  const status = make("p", { className: "soft", role: "status", textContent: gettext("Everyone who has the link can read this page, without a login. Revoke links in the settings.") });
  const submit = make("button", { className: "button main", textContent: gettext("Create link") });
  const close = make("button", { type: "button", className: "button quiet", textContent: gettext("Close") });
  const form = make("form", {}, what, end, status, made, make("div", { className: "actions" }, submit, close));
  const dialog = make("dialog", { className: "editor share", "aria-label": gettext("Share") }, form);
  submit.disabled = !offers.length;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      link.value = await create(offers[Number(chosen.value)], Number(days.value));
      made.hidden = false;
      link.select();
    } catch (error) {
      status.textContent = error.message;
      status.className = "problem";
    }
    submit.disabled = false;
  });
  copy.addEventListener("click", async () => {
    link.select();
    // Browsers give the clipboard only to pages on loopback or behind TLS: elsewhere the text is selected.
    if (!navigator.clipboard) return;
    await navigator.clipboard.writeText(link.value);
    copy.textContent = gettext("Copied");
  });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  Object.assign(dialog.style, besides(dialog, button.getBoundingClientRect(), true));
}

/** Wire the buttons with `data-share` of a name; `offers()` returns what can be shared: [{kind, target, label}]. */
export function wireShare(name, offers) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest(`[data-share="${name}"]`);
    if (button) open(button, offers());
  });
}
