/** The page that compares the same samples of several runs or steps. */

import { make, svg } from "../dom.js";
import { gettext, ngettext } from "../i18n.js";
import { requestJson, siteAddress } from "../http.js";
import { setParameters } from "../shared/query.js";
import { difference } from "./difference.js";
import { conversationText } from "./plain_text.js";
import { number, short, visible } from "./texts.js";

const root = document.getElementById("compare");
const result = document.getElementById("compare-result");
const problem = document.getElementById("compare-problem");
const { url, runs, name } = root.dataset;
const MOST = 2000;
const SIZE = 200;

function address(query) {
  return `${url}?${new URLSearchParams({ runs, name, ...query })}`;
}

/** Return the text of the prompt of a sample: the messages before the first answer, or the prompt. */
function prompt(row) {
  return Array.isArray(row?.messages) ? conversationText(row.messages.slice(0, answerAt(row.messages))) : conversationText(row?.prompt);
}

/** Return the text of the answer to the prompt: reasoning, messages, and tool calls with their results. */
function answer(row) {
  return Array.isArray(row?.messages) ? conversationText(row.messages.slice(answerAt(row.messages))) : conversationText(row?.completion ?? row?.response);
}

function answerAt(messages) {
  const at = messages.findIndex((message) => message?.role === "assistant");
  return at < 0 ? messages.length - 1 : at;
}

function label({ run_id, name: run, step }) {
  return `${run || run_id}${step === null ? "" : ` · ${gettext("Step {step}", { step: number(step) })}`}`;
}

function change({ rewards }) {
  const values = rewards.filter((value) => value !== null);
  return values.length < 2 ? 0 : values.at(-1) - values[0];
}

function scatter(samples) {
  const picture = svg("svg", { class: "scatter", viewBox: `-8 -8 ${SIZE + 16} ${SIZE + 16}`, role: "img", "aria-label": gettext("Reward in the first run against reward in the last") });
  const pairs = samples.map((sample) => [sample, sample.rewards[0], sample.rewards.at(-1)]).filter(([, x, y]) => x !== null && y !== null);
  const every = pairs.flatMap(([, x, y]) => [x, y]);
  const [low, high] = [Math.min(...every), Math.max(...every)];
  const at = (value) => ((value - low) / (high - low || 1)) * SIZE;
  svg("line", { x1: 0, y1: SIZE, x2: SIZE, y2: 0 }, picture);
  for (const [sample, x, y] of pairs) {
    const mark = svg("circle", { cx: at(x), cy: SIZE - at(y), r: 3, class: y < x ? "worse" : y > x ? "better" : "" }, picture);
    svg("title", {}, mark, `${short(sample.sample, 60)}: ${number(x)} → ${number(y)}`);
    mark.addEventListener("click", () => open(sample.sample));
  }
  return picture;
}

function turned(samples) {
  const rows = samples.map((sample) => {
    const by = change(sample);
    const button = make("button", { type: "button", className: "linklike", textContent: short(sample.sample, 60) });
    button.addEventListener("click", () => open(sample.sample));
    return make("tr", {}, make("td", {}, button), ...sample.rewards.map((reward) => make("td", { className: "number", textContent: number(reward) })), make("td", { className: `number ${by < 0 ? "worse" : by > 0 ? "better" : ""}`, textContent: by > 0 ? `+${number(by)}` : number(by) }));
  });
  return rows;
}

function verdictText({ verdict, difference, interval, n }) {
  const word = { better: gettext("Better"), worse: gettext("Worse"), within_noise: gettext("Within noise"), unknown: gettext("Too few common samples for a verdict") }[verdict];
  if (!interval) return word;
  const values = { word, difference: `${difference > 0 ? "+" : ""}${number(difference)}`, low: number(interval[0]), high: number(interval[1]), n: number(n) };
  return gettext("{word}: {difference} on average, 95 % interval {low} to {high}, over {n} pairs.", values);
}

/** Tasks by runs, each with its 95 % interval. */
function taskTable(tasks, sides) {
  const head = make("tr", {}, make("th", { scope: "col", textContent: gettext("Task") }), ...sides.map((side) => make("th", { scope: "col", className: "number", textContent: label(side) })));
  const rows = tasks.map(({ task, scores }) => make("tr", {}, make("th", { scope: "row", textContent: short(task, 60) }), ...scores.map((score) => make("td", { className: "number", title: score ? gettext("{n} samples", { n: number(score.n) }) : "", textContent: score ? `${number(score.mean)}${score.half === null ? "" : ` ± ${number(Number(score.half.toPrecision(2)))}`}` : "–" }))));
  return make("section", { className: "tasks" }, make("h2", { textContent: gettext("Tasks") }), make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
}

function overview(comparison) {
  const { runs: sides, samples, total, worse, better, missing } = comparison;
  const head = make("tr", {}, make("th", { scope: "col", textContent: gettext("Sample") }), ...sides.map((side) => make("th", { scope: "col", className: "number", textContent: label(side), title: side.run_id })), make("th", { scope: "col", className: "number", textContent: gettext("Change") }));
  const means = make("tr", {}, make("th", { scope: "row", textContent: gettext("Mean") }), ...sides.map(({ mean }) => make("td", { className: "number", textContent: number(mean) })), make("td"));
  const sentence = gettext("{total} common samples: {worse} became worse, {better} better.", { total: number(total), worse: number(worse), better: number(better) });
  const gone = missing.length ? [make("p", { className: "notice warning", textContent: ngettext("One run has no such samples.", "{n} runs have no such samples.", missing.length) })] : [];
  const verdict = comparison.verdict ? [make("p", { className: "verdict", textContent: verdictText(comparison.verdict) })] : [];
  return [...gone, make("div", { className: "compare-parts" }, make("div", {}, scatter(samples), make("p", { className: "faint", textContent: `→ ${visible(label(sides[0]))}   ↑ ${visible(label(sides.at(-1)))}` }), make("p", { className: "soft", textContent: sentence }), ...verdict), make("div", { className: "turned", tabIndex: 0, role: "region", ariaLabel: gettext("Common samples") }, make("table", {}, make("thead", {}, head), make("tbody", {}, means, ...turned(samples))))), ...(comparison.tasks?.length ? [taskTable(comparison.tasks, sides)] : [])];
}

/** Show a sample side by side, with the words that the first run does not have. */
async function open(sample) {
  setParameters({ sample });
  const { runs: sides, samples } = await requestJson(address({ sample }));
  const rows = samples[0]?.rows ?? [];
  const first = answer(rows.find(Boolean));
  const columns = sides.map((side, n) => {
    const text = answer(rows[n]);
    const body = make("pre", { className: "sample-text", dir: "auto" });
    if (!rows[n]) body.textContent = gettext("not sampled");
    else if (text === first) body.textContent = visible(text);
    else {
      for (const { kind, text: part } of difference(first, text)) {
        const tag = { same: "span", removed: "del", added: "ins" }[kind];
        body.append(make(tag, { textContent: visible(part) }));
      }
    }
    const query = new URLSearchParams({ set: name, row: rows[n]?._row ?? "" });
    const link = make("a", { href: `${siteAddress(`/runs/${encodeURIComponent(side.run_id)}/samples`)}?${query}`, textContent: label(side) });
    const cut = rows[n]?._cut ? [make("p", { className: "faint", textContent: gettext("Only the beginning of long texts is compared.") })] : [];
    return make("section", {}, make("h3", {}, link, make("span", { className: "soft", textContent: ` ${number(samples[0]?.rewards[n])}` })), body, ...cut);
  });
  let place = document.getElementById("compare-sample");
  if (!place) result.append((place = make("section", { id: "compare-sample", ariaLabel: gettext("Sample side by side") })));
  const question = prompt(rows.find(Boolean));
  place.replaceChildren(make("h2", { textContent: short(sample, 120) }), ...(question ? [make("pre", { className: "sample-text soft", textContent: visible(question.slice(0, 4000)) })] : []), make("div", { className: "side-by-side" }, ...columns));
  place.scrollIntoView({ block: "nearest" });
}

async function begin() {
  if (!runs || !name) return;
  try {
    result.replaceChildren(...overview(await requestJson(address({ limit: MOST }))));
    const sample = new URLSearchParams(location.search).get("sample");
    if (sample) await open(sample);
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
}

begin();
