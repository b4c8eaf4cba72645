/** Search for a run that is not visible yet, and add it. */

import { requestJson } from "../http.js";
import { gettext } from "../i18n.js";

const MOST = 8;
const PAUSE = 200;

/** Put the search into `holder`; `add(id)` is called with the chosen run, `isVisible(id)` leaves out those that are. */
export function wireAddRun(holder, add, isVisible) {
  const input = Object.assign(document.createElement("input"), { type: "search", autocomplete: "off" });
  input.placeholder = gettext("Add a run");
  input.setAttribute("aria-label", gettext("Search for a run to add"));
  const found = Object.assign(document.createElement("ul"), { className: "found", hidden: true });
  const box = Object.assign(document.createElement("div"), { className: "add-run" });
  box.append(input, found);
  holder.append(box);
  let timer = 0;

  async function search() {
    const text = input.value.trim();
    found.hidden = !text;
    if (!text) return;
    const query = new URLSearchParams({ search: text, limit: String(MOST) });
    const runs = await requestJson(`/api/runs?${query}`).catch(() => []);
    if (text !== input.value.trim()) return;
    const rows = runs.filter(({ id }) => !isVisible(id)).map(row);
    const nothing = Object.assign(document.createElement("li"), { className: "faint", textContent: gettext("No other runs match.") });
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
  const button = Object.assign(document.createElement("button"), { type: "button" });
  button.dataset.id = id;
  const part = (tag, className, textContent) => Object.assign(document.createElement(tag), { className, textContent });
  button.append(part("bdi", "clip", name), part("span", "faint clip", project), part("span", "mono faint", id.slice(-6)));
  const item = document.createElement("li");
  item.append(button);
  return item;
}
