/** The document beside the table: head with reward and ways on, and its tabs: conversation, tokens, raw record, notes. */

import { field, iconButton, make, textButton } from "../dom.js";
import { gettext } from "../i18n.js";
import { jsonBody, requestJson } from "../http.js";
import { copyText } from "../shared/clipboard.js";
import { conversation } from "./conversation.js";
import { framed } from "./framed.js";
import { number, short, textBlock } from "./texts.js";
import { Tokens } from "./tokens.js";

const LABELS = ["good", "bad"];

export class SampleDocument {
  /** `ways` has the actions of the buttons and keys: `go(way)`, `close()`, `curve(step)`, `follow(id)`, `tab(name)`. */
  constructor(root, { address, media, isEditable, ways, noted }) {
    Object.assign(this, { root, address, media, isEditable, ways, noted });
    this.number = 0;
  }

  async show(row, tab, note) {
    const number_ = ++this.number;
    this.row = row;
    const document = await requestJson(this.address("document", { row }));
    if (number_ !== this.number) return;
    Object.assign(this, { document, note });
    this.root.hidden = false;
    this.root.replaceChildren(this.#head(), this.#tabs(tab), (this.body = make("div", { className: "sample-body" })));
    await this.#fill(tab);
    this.root.scrollTop = 0;
    await this.#follow(number_);
  }

  /** Show the reward of the sample at each step, once the sample itself is there. */
  async #follow(number_) {
    const { id, step } = this.document;
    if (id === null || id === undefined || step === null) return;
    const { steps } = await requestJson(this.address("summary", { sample: id })).catch(() => ({ steps: [] }));
    const rewards = steps.map(([, , mean]) => mean);
    if (number_ !== this.number || rewards.filter((reward) => reward !== null).length < 2) return;
    const [values, title] = [steps.map(([value]) => value), gettext("Reward of this sample over {n} steps", { n: rewards.length })];
    this.root.firstElementChild.append(framed(title, gettext("Step"), values, rewards, { mark: values.indexOf(step) }).figure);
  }

  hide() {
    this.number++;
    this.row = null;
    this.root.hidden = true;
    this.root.replaceChildren();
  }

  #head() {
    const { id, step, group, fields } = this.document;
    const values = new Map(fields);
    const facts = ["reward", "correct", "truncated", "advantage"].filter((name) => values.has(name)).map((name) => make("span", { className: "tag", textContent: `${name} ${short(values.get(name), 20)}` }));
    const way = (label, key, name) => textButton(label, () => this.ways.go(name), { className: "button quiet", title: `${label} (${key})` });
    const close = iconButton("remove", gettext("Close (Esc)"));
    close.addEventListener("click", () => this.ways.close());
    const copy = iconButton("copy", gettext("Copy as JSON"));
    copy.addEventListener("click", async () => copyText((await this.#text([], 0)).text, this.body, copy));
    return make("header", { className: "sample-head" },
      make("div", { className: "line" }, make("h2", { className: "clip", title: id === null || id === undefined ? "" : short(id, 300) }, make("bdi", { textContent: id === null || id === undefined ? gettext("Sample {row}", { row: number(this.row) }) : short(id, 80) })), copy, close),
      make("div", { className: "line wraps" }, make("span", { className: "soft", textContent: step === null ? gettext("No step") : gettext("Step {step}", { step: number(step) }) }), ...(group === null || group === undefined ? [] : [make("span", { className: "soft clip", textContent: short(group, 60) })]), ...facts, ...(step === null ? [] : [make("a", { href: this.ways.curve(step), textContent: gettext("On the charts") })])),
      make("div", { className: "line wraps" }, way(gettext("Previous sample"), "k", "previous"), way(gettext("Next sample"), "j", "next"), way(gettext("Next failure"), "f", "failure"), way(gettext("Next in group"), "g", "group"), way(gettext("Previous step"), "p", "before"), way(gettext("Next step"), "s", "after"),
        ...(id === null || id === undefined ? [] : [textButton(gettext("Follow over steps"), () => this.ways.follow(id), { className: "button quiet" })])));
  }

  #tabs(chosen) {
    const tabs = [["text", gettext("Conversation")], ...(this.document.has_tokens ? [["tokens", gettext("Tokens")]] : []), ["raw", gettext("Raw")], ["note", this.note?.label || this.note?.note ? gettext("Note •") : gettext("Note")]];
    const list = make("div", { className: "segments sample-tabs", role: "tablist" });
    list.append(...tabs.map(([name, label], n) => {
      const tab = make("button", { type: "button", role: "tab", className: "button quiet", textContent: label, title: `${label} (${n + 1})`, ariaSelected: String(name === (chosen || "text")) });
      tab.dataset.tab = name;
      tab.addEventListener("click", () => this.showTab(name));
      return tab;
    }));
    return list;
  }

  /** Show the tab of a name, or of a number from 0 on. */
  async showTab(which) {
    const tabs = [...this.root.querySelectorAll("[data-tab]")];
    const tab = typeof which === "number" ? tabs[which] : tabs.find(({ dataset }) => dataset.tab === which);
    if (!tab) return;
    for (const other of tabs) other.ariaSelected = String(other === tab);
    this.ways.tab(tab.dataset.tab);
    await this.#fill(tab.dataset.tab);
  }

  async #fill(tab) {
    const more = (path, start) => this.#text(path, start);
    if (tab === "tokens" && this.document.has_tokens) {
      const tokens = new Tokens((start, size, stream) => requestJson(this.address("tokens", { row: this.row, start, size, stream })));
      await tokens.show();
      this.body.replaceChildren(tokens.element);
    } else if (tab === "raw") {
      const { text, length } = await this.#text([], 0);
      this.body.replaceChildren(textBlock({ text, length, path: [] }, more));
    } else if (tab === "note") this.body.replaceChildren(this.#noteForm());
    else this.body.replaceChildren(conversation(this.document, this.media, more));
  }

  #text(path, start) {
    return requestJson(this.address("text", { row: this.row, path: JSON.stringify(path), start }));
  }

  #noteForm() {
    if (!this.isEditable) return make("p", { className: "soft", textContent: this.note ? `${this.note.label} ${this.note.note}` : gettext("No note.") });
    const label = make("input", { value: this.note?.label ?? "", maxLength: 100, "list": "sample-labels" });
    const text = make("textarea", { value: this.note?.note ?? "", rows: 5, maxLength: 10000 });
    const problem = make("p", { className: "problem", role: "alert", hidden: true });
    const save = async (name) => {
      if (name !== undefined) label.value = name;
      try {
        const body = { row: this.row, label: label.value, note: text.value };
        const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
        const { notes } = await requestJson(this.address("notes", {}), jsonBody("POST", body, { "X-CSRFToken": token }));
        this.note = notes.find(({ row }) => row === this.row) ?? null;
        this.noted(notes);
        problem.hidden = true;
      } catch (error) {
        problem.textContent = error.message;
        problem.hidden = false;
      }
    };
    const form = make("form", { className: "note-form" }, make("div", { className: "line" }, ...LABELS.map((name) => textButton(name === "good" ? gettext("Good (+)") : gettext("Bad (−)"), () => save(name)))), field(gettext("Label"), label), field(gettext("Note"), text), problem, make("div", { className: "actions" }, make("button", { className: "button main", textContent: gettext("Save") })));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      save();
    });
    this.label = save;
    return form;
  }
}
