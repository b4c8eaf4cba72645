/** The page of the samples of a run. */

import { isShortcut } from "../dom.js";
import { gettext, ngettext } from "../i18n.js";
import { requestJson, siteAddress } from "../http.js";
import { SampleDocument } from "./document.js";
import { both, columnName, literal, readState, selection, writeState } from "./state.js";
import { Steps } from "./steps.js";
import { offerColumns, Table } from "./table.js";
import { number, short } from "./texts.js";

const root = document.getElementById("samples");
const PER_PAGE = 100;
const LIVE = 5000;
const part = (id) => document.getElementById(`sample-${id}`);

class SamplesPage {
  constructor() {
    this.name = root.dataset.name;
    this.run = root.dataset.run;
    this.state = readState();
    this.notes = new Map();
    this.columns = [];
    this.score = "reward";
    this.asked = 0;
    this.queue = Promise.resolve();
    const table = { open: (row) => this.open(row._row), sort: (sort) => this.change({ sort, page: 1 }), narrow: (condition) => this.narrow(condition), group: (group) => this.showGroup(group) };
    this.table = new Table(part("scroll"), table);
    this.steps = new Steps(part("steps"), { choose: (step) => this.change({ step, page: 1 }), narrow: (condition) => this.narrow(condition), curve: (step) => this.curve(step) });
    this.document = new SampleDocument(part("document"), {
      address: (what, query) => this.address(what, query), media: root.dataset.media, isEditable: Boolean(root.dataset.editable),
      ways: { go: (way) => this.go(way), close: () => this.close(), curve: (step) => this.curve(step), follow: (id) => this.change({ sample: String(id), step: null, page: 1, where: "", q: "", grouped: false }), tab: (tab) => this.change({ tab }, false) },
      noted: (notes) => this.setNotes(notes, true),
    });
  }

  address(what, query) {
    const path = this.name.split("/").map(encodeURIComponent).join("/");
    return `${root.dataset.url}/${what}/${path}?${new URLSearchParams(query)}`;
  }

  curve(step) {
    return siteAddress(`/runs/${encodeURIComponent(this.run)}${step === null ? "" : `?at=${step}`}`);
  }

  async begin() {
    for (const [id, key] of [["where", "where"], ["text", "q"]]) part(id).value = this.state[key];
    part("groups").checked = this.state.grouped;
    document.getElementById("samples-bar").addEventListener("submit", (event) => {
      event.preventDefault();
      this.change({ where: part("where").value.trim(), q: part("text").value.trim(), page: 1 });
    });
    part("text").addEventListener("search", ({ target }) => target.value || this.change({ q: "", page: 1 }));
    part("groups").addEventListener("change", ({ target }) => this.change({ grouped: target.checked, sort: "", page: 1 }));
    part("sort").addEventListener("change", ({ target }) => this.change({ sort: target.value, page: 1 }));
    part("set")?.addEventListener("change", ({ target }) => location.assign(`?set=${encodeURIComponent(target.value)}`));
    for (const [id, by] of [["previous", -1], ["next", 1]]) part(id).addEventListener("click", () => this.change({ page: this.state.page + by }));
    for (const link of root.querySelectorAll("[data-export]")) link.href = `${this.address("export", {})}${link.dataset.export}`;
    document.addEventListener("keydown", (event) => this.key(event));
    this.setNotes((await requestJson(this.address("notes", {})).catch(() => ({ notes: [] }))).notes, false);
    if (this.state.step === null && !new URLSearchParams(location.search).has("step") && !this.state.sample) this.state.isNewest = true;
    // Reading a page of large samples takes as long.
    if (this.state.row !== null) await this.#showDocument(this.state.row);
    await this.load();
    this.table.mark(this.state.row);
    setTimeout(() => this.live(), LIVE);
  }

  /** Change the selection and show it. */
  async change(changes, reload = true) {
    Object.assign(this.state, { isNewest: false }, changes);
    this.state.page = Math.max(1, this.state.page);
    writeState(this.state, this.name);
    [part("where").value, part("text").value, part("groups").checked] = [this.state.where, this.state.q, this.state.grouped];
    if (reload) await this.load();
  }

  narrow(condition) {
    return this.change({ where: both(this.state.where, condition), page: 1 });
  }

  showGroup(group) {
    const key = ["group", "id"].find((name) => group[name] !== null && group[name] !== undefined) ?? "_row";
    const condition = `${columnName(key)} = ${literal(group[key])}`;
    return this.change({ grouped: false, sort: "", page: 1, step: group._step ?? null, where: both(this.state.where, condition) });
  }

  async load() {
    const asked = ++this.asked;
    const { state } = this;
    root.ariaBusy = "true";
    try {
      const summary = await requestJson(this.address("summary", selection(state)));
      if (asked !== this.asked) return;
      if (state.isNewest && summary.steps.length) {
        state.step = summary.steps.at(-1)[0];
        Object.assign(summary, await requestJson(this.address("summary", selection(state))));
        state.isNewest = false;
      }
      [this.columns, this.score, this.unreadable, this.selectedBy] = [summary.columns, summary.score, summary.unreadable, summary.selected_by];
      this.steps.show(summary, state.step);
      offerColumns(part("sort"), this.columns, state);
      const query = { page: state.page, per_page: PER_PAGE, order_by: state.sort };
      const answer = await requestJson(this.address(state.grouped ? "groups" : "rows", selection(state, query)));
      if (asked !== this.asked) return;
      if (state.grouped) this.table.showGroups(answer.groups, state.sort);
      else this.table.showRows(answer.rows, this.columns, state.sort, state.row, this.notes);
      this.count(answer);
      this.say("");
    } catch (error) {
      if (asked === this.asked) this.say(error.message);
    }
    root.ariaBusy = "false";
  }

  count({ total, exact = true, pending, ms, rows, groups }) {
    const first = (this.state.page - 1) * PER_PAGE;
    const rowCount = (rows ?? groups).length;
    const values = { first: number(first + (rowCount ? 1 : 0)), last: number(first + rowCount), total: `${exact ? "" : "≈ "}${number(total)}` };
    part("count").textContent = (groups ? gettext("{first}–{last} of {total} groups", values) : gettext("{first}–{last} of {total} samples", values)) + (this.selectedBy.length ? `, ${gettext("selected by {framework}", { framework: this.selectedBy.map((name) => short(name, 40)).join(", ") })}` : "") + (ms === undefined ? "" : ` · ${number(ms)} ms`);
    part("previous").disabled = this.state.page <= 1;
    part("next").disabled = first + rowCount >= total;
    part("pending").hidden = !pending && !this.unreadable;
    if (this.unreadable) part("pending").textContent = ngettext("One line of the samples cannot be read: it is damaged, or its process was killed.", "{n} lines of the samples cannot be read: they are damaged, or their process was killed.", this.unreadable);
    if (pending) part("pending").textContent = gettext("{size} MB of samples are still being indexed.", { size: number(Math.ceil(pending / 2 ** 20)) });
    part("compare").href = `${siteAddress("/samples-compare")}?${new URLSearchParams({ name: this.name, runs: this.steps.steps.length > 1 ? `${this.run}@${this.steps.steps[0]},${this.run}@${this.steps.steps.at(-1)}` : this.run })}`;
  }

  say(text) {
    part("problem").textContent = text;
    part("problem").hidden = !text;
  }

  setNotes(notes, isShown) {
    this.notes = new Map(notes.map((note) => [note.row, note]));
    if (isShown && !this.state.grouped) this.load();
  }

  async open(row) {
    await this.change({ row }, false);
    return this.#showDocument(row);
  }

  async #showDocument(row) {
    part("panes").dataset.open = "";
    try {
      await this.document.show(row, this.state.tab, this.notes.get(row));
      this.table.mark(row);
    } catch (error) {
      this.say(error.message);
    }
  }

  close() {
    delete part("panes").dataset.open;
    this.document.hide();
    this.table.mark(null);
    return this.change({ row: null }, false);
  }

  /** Open the sample that a key or a button asks for, after those that were asked for before. */
  go(way) {
    this.queue = this.queue.then(() => this.#go(way)).catch((error) => this.say(error.message));
    return this.queue;
  }

  async #go(way) {
    const rows = this.table.rows;
    const at = rows.findIndex(({ _row }) => _row === this.state.row);
    if (way === "next" || way === "previous") {
      const to = rows[at + (way === "next" ? 1 : -1)];
      if (to) return this.open(to._row);
      if (way === "next" && !part("next").disabled) await this.change({ page: this.state.page + 1 });
      else if (way === "previous" && this.state.page > 1) await this.change({ page: this.state.page - 1 });
      else return null;
      const edge = way === "next" ? this.table.rows[0] : this.table.rows.at(-1);
      return edge && this.open(edge._row);
    }
    const current = this.document.document ?? {};
    const row = this.state.row ?? -1;
    const condition = {
      failure: `_row > ${row} and ${this.failure()}`,
      group: current.group !== null && current.group !== undefined ? `group = ${literal(current.group)}${current.step === null ? "" : ` and _step = ${current.step}`}` : "",
      after: current.id === null || current.id === undefined ? "" : `_step > ${current.step}`,
      before: current.id === null || current.id === undefined ? "" : `_step < ${current.step}`,
    }[way];
    if (!condition) return null;
    const isStep = way === "after" || way === "before";
    const query = isStep ? { sample: current.id, where: condition, order_by: way === "after" ? "_step" : "-_step" } : way === "group" ? { where: `${condition} and _row > ${row}` } : selection(this.state, { where: both(this.state.where, condition) });
    const params = new URLSearchParams(query);
    params.set("per_page", 1);
    let answer = await requestJson(this.address("rows", params));
    if (!answer.rows.length && way === "group") {
      params.set("where", condition);
      answer = await requestJson(this.address("rows", params));
    }
    const match = answer.rows[0];
    if (!match) return this.say(gettext("There is no further one."));
    this.say("");
    if (isStep && this.state.step !== null) await this.change({ step: match._step, page: 1 });
    return this.open(match._row);
  }

  failure() {
    const names = new Set(this.columns.map(({ name }) => name));
    if (names.has("correct")) return "correct = false";
    return `${columnName(this.score)} <= 0`;
  }

  key(event) {
    if (!isShortcut(event)) return;
    const way = { j: "next", k: "previous", f: "failure", g: "group", s: "after", p: "before" }[event.key];
    if (way && (this.state.row !== null || way === "next" || way === "failure")) this.go(way);
    else if (event.key === "Escape" && this.state.row !== null) this.close();
    else if (/^[1-4]$/.test(event.key) && this.state.row !== null) this.document.showTab(Number(event.key) - 1);
    else if ((event.key === "+" || event.key === "-") && this.state.row !== null && root.dataset.editable) this.label(event.key === "+" ? "good" : "bad");
    else if (event.key === "Enter" && event.target.closest("tr[data-row]")) this.open(Number(event.target.closest("tr").dataset.row));
    else return;
    event.preventDefault();
  }

  async label(name) {
    await this.document.showTab("note");
    await this.document.label?.(name);
  }

  /** New samples appear: steps and counts are asked for again while nothing is being read. */
  async live() {
    if (!document.hidden && root.ariaBusy !== "true") {
      const sets = await requestJson(`${root.dataset.url}/sets`).catch(() => null);
      const own = sets?.samples.find(({ name }) => name === this.name);
      const mark = own && `${own.rows} ${own.pending}`;
      if (mark && this.mark !== undefined && mark !== this.mark) {
        const atNewest = this.state.step !== null && this.state.step === this.steps.steps.at(-1) && this.state.row === null;
        if (atNewest && own.steps.length) this.state.step = own.steps.at(-1);
        await this.load();
      }
      this.mark = mark;
    }
    setTimeout(() => this.live(), LIVE);
  }
}

if (root) new SamplesPage().begin();
