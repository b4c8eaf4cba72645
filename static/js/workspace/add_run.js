/** Search for a run that is not visible yet, and add it. */

import { make } from "../dom.js";
import { requestJson, siteAddress } from "../http.js";
import { gettext } from "../i18n.js";

const MOST = 8;
const PAUSE = 200;

/** Put the search into `holder`; `add(id)` is called with the chosen run, `isVisible(id)` leaves out those that are. */
export function wireAddRun(holder, add, isVisible) {
  const input = make("input", { type: "search", autocomplete: "off", placeholder: gettext("Add a run"), "aria-label": gettext("Search for a run to add") });
  const found = make("ul", { className: "found", hidden: true });
  const box = make("div", { className: "add-run" }, input, found);
  holder.append(box);
  let timer = 0;

  async function search() {
    const text = input.value.trim();
    found.hidden = !text;
    if (!text) return;
    const query = new URLSearchParams({ search: text, limit: String(MOST) });
    const runs = await requestJson(siteAddress(`/api/runs?${query}`)).catch(() => []);
    if (text !== input.value.trim()) return;
    const rows = runs.filter(({ id }) => !isVisible(id)).map(row);
    const nothing = make("li", { className: "faint", textContent: gettext("No other runs match.") });
    found.replaceChildren(...(rows.length ? rows : [nothing]));
  }

  function close() {
    input.value = "";
    found.hidden = true;
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
    const buttons = [...found.querySelectorAll("button")];
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
    if (!box.contains(event.target)) found.hidden = true;
  });
}

function row({ id, name, project }) {
  const part = (tag, className, textContent) => make(tag, { className, textContent });
  const button = make("button", { type: "button" }, part("bdi", "clip", name), part("span", "faint clip", project), part("span", "mono faint", id.slice(-6)));
  button.dataset.id = id;
  return make("li", {}, button);
}
