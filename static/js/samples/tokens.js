/** Tokens of a sample, coloured by a stream of values: a window of them, a tooltip with all values, the course by position. */

import { make, svg, textButton } from "../dom.js";
import { gettext } from "../i18n.js";
import { framed } from "./framed.js";
import { number, visible } from "./texts.js";

const WINDOW = 1000;
/** Percent of colour at which the text is still read. */
const [STRONGEST, MASKED] = [45, 12];
const DIVERGING = new Set(["advantage", "advantages", "difference"]);

export class Tokens {
  /** `load(start, size, stream)` returns a window. */
  constructor(load) {
    this.load = load;
    this.start = 0;
    this.stream = "";
    this.element = make("div", { className: "tokens-view" });
  }

  async show(start = this.start, stream = this.stream) {
    const answer = await this.load(start, WINDOW, stream);
    [this.start, this.stream, this.answer] = [start, answer.stream, answer];
    const select = make("select", { "aria-label": gettext("Color by") }, ...Object.keys(answer.streams).map((name) => make("option", { textContent: name, selected: name === answer.stream })));
    select.addEventListener("change", () => this.show(this.start, select.value));
    const end = Math.min(answer.count, start + WINDOW);
    const move = (label, to, isOff) => textButton(label, () => this.show(to), { className: "button quiet", disabled: isOff });
    const range = answer.ranges[answer.stream];
    const bar = make("div", { className: "line" }, ...(Object.keys(answer.streams).length ? [select] : []),
      make("span", { className: "soft", textContent: gettext("Tokens {from}–{to} of {count}", { from: number(start + 1), to: number(end), count: number(answer.count) }) }),
      move(gettext("Previous page"), Math.max(0, start - WINDOW), start === 0), move(gettext("Next page"), start + WINDOW, end >= answer.count),
      ...(range ? [make("span", { className: "faint", textContent: `${number(range[0])} … ${number(range[1])}` })] : []));
    const hint = answer.texts ? [] : [make("p", { className: "faint", textContent: gettext("The texts of the tokens were not recorded: their ids are shown.") })];
    this.element.replaceChildren(bar, ...(answer.course.length ? [this.#course(answer)] : []), ...hint, this.#list(answer));
  }

  #list({ texts, ids, streams, ranges, stream, start }) {
    const [low, high] = ranges[stream] ?? [0, 1];
    const values = streams[stream] ?? [];
    const mask = streams.loss_mask ?? streams.mask;
    const reach = Math.max(Math.abs(low), Math.abs(high)) || 1;
    const list = make("div", { className: "tokens", role: "list", "aria-label": gettext("Tokens") });
    list.append(...(texts ?? ids ?? []).map((text, n) => {
      const value = values[n];
      const token = make("span", { role: "listitem", className: "token", title: this.#tooltip(n, start, ids, texts, streams) });
      token.textContent = texts ? visible(String(text)).replaceAll("\n", "⏎\n") : String(text);
      const isMasked = mask?.[n] === 0;
      if (value !== null && value !== undefined) {
        const isDiverging = DIVERGING.has(stream);
        token.style.setProperty("--heat", `${Math.round((isDiverging ? Math.abs(value) / reach : (value - low) / (high - low || 1)) * (isMasked ? MASKED : STRONGEST))}%`);
        token.dataset.side = isDiverging && value < 0 ? "low" : "high";
      } else token.dataset.side = "none";
      if (isMasked) token.dataset.masked = "";
      return token;
    }));
    return list;
  }

  #tooltip(n, start, ids, texts, streams) {
    const values = Object.entries(streams).map(([name, all]) => `${name}: ${number(all[n])}`);
    return [`#${start + n + 1}${ids ? ` · id ${ids[n]}` : ""}`, ...(texts ? [visible(JSON.stringify(texts[n]))] : []), ...values].join("\n");
  }

  /** Lowest to highest and mean of each part; a click goes to the tokens there. */
  #course({ course, ranges, stream, count }) {
    const positions = course.map((_, n) => 1 + Math.round((n / Math.max(1, course.length - 1)) * (count - 1)));
    const { figure, picture, x, y } = framed(gettext("{stream} by position", { stream }), gettext("Position"), positions, course.map((part) => part?.[1] ?? null), { range: ranges[stream], className: "course" });
    const extents = course.flatMap((part, n) => (part ? [`M${x(n)} ${y(part[0])}V${y(part[2])}`] : []));
    picture.prepend(svg("path", { class: "extent", d: extents.join("") }));
    picture.addEventListener("click", (event) => {
      const box = picture.getBoundingClientRect();
      this.show(Math.min(Math.max(0, count - 1), Math.floor(((event.clientX - box.left) / box.width) * count / WINDOW) * WINDOW));
    });
    return figure;
  }
}
