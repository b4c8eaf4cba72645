/** The narrow list of runs: colour, eye, and the row under the pointer. htmx and the poll replace its rows. */

import { splitNames } from "../chart/data/names.js";
import { cssColour } from "../chart/render/colours.js";
import { restyleMark, verdictMark } from "../chart/verdicts.js";
import { cutName, make, setHidden } from "../dom.js";
import { gettext } from "../i18n.js";
import { Readings } from "./readings.js";

const ROWS = "#runs tbody tr[data-run]";

export class RunList {
  /** `hooks`: toggle(id), solo(id, clicks), showAll(shown), colour(id, button), highlight(id or null), verdict(metric, id). */
  constructor(hooks) {
    this.hooks = hooks;
    document.addEventListener("click", (event) => this.#click(event));
    document.addEventListener("pointerover", ({ target }) => this.#over(target));
    document.addEventListener("focusin", ({ target }) => this.#over(target));
    this.over = this.pointed = null;
    /** Below the list: a background of the row that is pointed at would paint all rows again with each move. */
    this.bar = make("i", { className: "pointed-bar" });
    this.readings = new Readings();
    /** Rows in sight: the values of all others would be laid out with each move of the pointer. */
    this.inSight = new Set();
    this.observer = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => this.inSight[isIntersecting ? "add" : "delete"](target)));
  }

  /** Return the runs of the list: [{key, name, extra, label, href, points, busy, number, text, own, listed}]. */
  runs() {
    return [...document.querySelectorAll(ROWS)].map((row) => {
      const { run, name, extra, points, number, colour } = row.dataset;
      const listed = !row.closest("#elsewhere");
      return {
        key: run,
        name,
        extra,
        label: `${name} ${extra || run.slice(-6)}`,
        href: row.querySelector("a.name").getAttribute("href"),
        points,
        number: number === undefined ? null : Number(number),
        // Not trimmed: spaces at its end align it.
        text: [...row.querySelector(".value").childNodes].filter(({ className, entry }) => className !== "at" && !entry).map(({ textContent }) => textContent).join(""),
        own: colour,
        busy: "busy" in row.dataset,
        listed,
      };
    });
  }

  /** Mark the visible runs with their looks by id. */
  show(looks) {
    const rows = [...document.querySelectorAll(ROWS)];
    const names = splitNames(rows.map(({ dataset }) => [dataset.name, dataset.run, dataset.extra]));
    for (const row of this.inSight) if (!row.isConnected) this.inSight.delete(row);
    this.readings.rowsChanged();
    document.getElementById("run-list")?.prepend(this.bar);
    this.#placeBar();
    for (const [i, row] of rows.entries()) {
      this.observer.observe(row);
      cutName(row.querySelector(".name bdi"), names[i]);
      const look = looks.get(row.dataset.run);
      row.classList.toggle("visible", Boolean(look));
      press(row.querySelector(".eye"), Boolean(look));
      const dot = row.querySelector(".colour");
      if (look) dot.style.setProperty("--dot", cssColour(look.colour));
      else dot.style.removeProperty("--dot");
      dot.classList.toggle("shared", Boolean(look?.dash || look?.marker));
    }
    const all = document.getElementById("eye-all");
    const count = rows.filter((row) => looks.has(row.dataset.run)).length;
    if (all) press(all, rows.length > 0 && count === rows.length);
    const note = document.getElementById("shown-count");
    if (note) note.textContent = count === rows.length ? "" : gettext("{n} of {total} shown", { n: count, total: rows.length });
  }

  /** The metric of the values, with its statistic; empty where they are of several. */
  get metric() {
    return document.querySelector(".listed")?.dataset.metric ?? "";
  }

  /** Show the verdicts on the values (../chart/verdicts.js). */
  judge() {
    for (const row of document.querySelectorAll(ROWS)) {
      const entry = this.hooks.verdict(this.metric, row.dataset.run);
      const cell = row.querySelector(".value");
      const mark = cell.querySelector(".verdict");
      if (entry && mark) restyleMark(mark, entry);
      else if (entry) cell.append(verdictMark(entry));
      else mark?.remove();
    }
  }

  /** Give a run its own colour, or none (""), until the server says so too. */
  recolour(id, colour) {
    const { dataset } = document.getElementById(`run-${id}`);
    if (colour) dataset.colour = colour;
    else delete dataset.colour;
  }

  /** Show the values under the cursor in place of those of the list ({name, x, reads, settings}, see chart/controller.js); null ends it. */
  read(reading) {
    this.readings.show(reading, (key) => {
      const row = document.getElementById(`run-${key}`);
      return this.inSight.has(row) ? row : null;
    });
  }

  /** Mark the row of a run whose curve is pointed at, or none. */
  point(id) {
    const row = id ? document.getElementById(`run-${id}`) : null;
    if (row !== this.pointed) this.pointed?.classList.remove("pointed");
    row?.classList.add("pointed");
    this.pointed = row;
    this.#placeBar();
  }

  #placeBar() {
    const row = this.pointed;
    setHidden(this.bar, !row?.isConnected);
    if (row) Object.assign(this.bar.style, { transform: `translateY(${row.offsetTop}px)`, height: `${row.offsetHeight}px` });
  }

  #click(event) {
    const button = event.target.closest("#runs .eye, #runs .colour");
    if (!button) return;
    const id = button.closest("tr").dataset.run;
    if (button.id === "eye-all") this.hooks.showAll(button.ariaPressed !== "true");
    else if (button.matches(".colour")) this.hooks.colour(id, button);
    else if (event.altKey || event.detail > 1) this.hooks.solo(id, event.detail);
    else this.hooks.toggle(id);
  }

  #over(target) {
    const id = target.closest?.(ROWS)?.dataset.run ?? null;
    if (id === this.over) return;
    this.over = id;
    this.hooks.highlight(id);
  }
}

/** Show the state of an eye. */
export function press(button, shown) {
  button.ariaPressed = shown;
  const use = button.querySelector("use");
  const href = use.getAttribute("href").replace(/#.*/, shown ? "#eye" : "#eye-off");
  if (use.getAttribute("href") !== href) use.setAttribute("href", href);
}
