/** Search for a run that is not visible yet, and add it. */

import { besides, make } from "../dom.js";
import { requestJson, siteAddress } from "../http.js";
import { gettext } from "../i18n.js";

const MOST = 8;
const PAUSE = 200;

/** Put the search into `holder`; `add(id)` is called with the chosen run, `isVisible(id)` leaves out those that are. */
export function wireAddRun(holder, add, isVisible) {
  const input = make("input", { type: "search", autocomplete: "off", placeholder: gettext("Add a run"), "aria-label": gettext("Search for a run to add") });
  const results = make("ul", { className: "found", popover: "manual" });
  const box = make("div", { className: "add-run" }, input, results);
  holder.append(box);
  let timer = 0;

  /** The tabs beside it scroll: what is found is above the page. */
  function open(isOpen) {
    if (results.matches(":popover-open") !== isOpen) results.togglePopover(isOpen);
    if (isOpen) Object.assign(results.style, besides(results, input, true));
  }

  async function search() {
    const text = input.value.trim();
    if (!text) return open(false);
    const query = new URLSearchParams({ search: text, limit: String(MOST) });
    const runs = await requestJson(siteAddress(`/api/runs?${query}`)).catch(() => []);
    if (text !== input.value.trim()) return;
    const rows = runs.filter(({ id }) => !isVisible(id)).map(row);
    const nothing = make("li", { className: "faint", textContent: gettext("No other runs match.") });
    results.replaceChildren(...(rows.length ? rows : [nothing]));
    open(true);
  }

  function close() {
    input.value = "";
    open(false);
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  });
  box.addEventListener("click", (event) => {
    const id = event.target.closest("[data-id]")?.dataset.id;
    if (!id) return;
    close();
    add(id);
  });
  box.addEventListener("keydown", (event) => {
    const buttons = [...results.querySelectorAll("button")];
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      close();
      input.focus();
    } else if (event.key === "Enter" && event.target === input) buttons[0]?.click();
    else if (by) (buttons[buttons.indexOf(document.activeElement) + by] ?? input).focus();
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (!box.contains(event.target)) open(false);
  });
}

function row({ id, name, project }) {
  const part = (tag, className, textContent) => make(tag, { className, textContent });
  const button = make("button", { type: "button" }, part("bdi", "clip", name), part("span", "faint clip", project), part("span", "mono faint", id.slice(-6)));
  button.dataset.id = id;
  return make("li", {}, button);
}
