/** The small buttons of a chart: larger, the table behind it, its points and its picture to keep. */

import { palette } from "./palette.js";
import { figure } from "./format.js";
import { AXES, csv } from "./words.js";

const ICONS = document.querySelector('meta[name="icons"]').content;
const LONGEST = 1000;

/** Add the buttons to a chart's caption. */
export function addTools(chart) {
  const bar = document.createElement("span");
  bar.className = "tools";
  bar.append(
    tool("large", `Larger: ${chart.name}`, (button) => {
      press(button, chart.holder.classList.toggle("large"));
      chart.hooks.resized();
    }),
    tool("table", `Table: ${chart.name}`, (button) => press(button, toggleTable(chart))),
    tool("save", `Save as CSV: ${chart.name}`, () => keep(`${fileName(chart)}.csv`, textOf(chart))),
    tool("image", `Save as PNG: ${chart.name}`, () => picture(chart)),
  );
  chart.holder.querySelector("figcaption").append(bar);
}

function tool(icon, label, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet small";
  button.title = label.split(":")[0];
  button.setAttribute("aria-label", label);
  button.innerHTML = `<svg class="icon" aria-hidden="true"><use href="${ICONS}#${icon}"/></svg>`;
  button.addEventListener("click", () => action(button));
  return button;
}

function press(button, pressed) {
  button.setAttribute("aria-pressed", String(pressed));
}

function header(chart) {
  const smoothed = chart.settings.smoothing ? ["smoothed"] : [];
  return [chart.settings.axis === "step" ? "step" : "time", "value", ...smoothed];
}

/** The points in view as rows of numbers; x is a step or Unix seconds. */
function rows(chart) {
  const [from, to] = chart.domain;
  return chart.curves.flatMap(({ series }) => {
    const drawn = chart.values(series);
    const smoothed = chart.settings.smoothing ? (i) => [series.value(drawn[i])] : () => [];
    return series.x
      .map((x, i) => [x, series.value(series.y[i]), ...smoothed(i)])
      .filter(([x]) => x >= from && x <= to);
  });
}

function textOf(chart) {
  return new Blob([csv(header(chart), rows(chart))], { type: "text/csv" });
}

function picture(chart) {
  const { clientWidth, clientHeight } = chart.area;
  const canvas = document.createElement("canvas");
  chart.paint(canvas, clientWidth, clientHeight, 2);
  const context = canvas.getContext("2d");
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = palette().paper;
  context.fillRect(0, 0, clientWidth, clientHeight);
  canvas.toBlob((blob) => keep(`${fileName(chart)}.png`, blob));
}

function fileName(chart) {
  return `${document.body.dataset.run ?? "chart"}-${chart.name.replace(/[^\p{L}\p{N}._-]+/gu, "_")}`;
}

function keep(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function toggleTable(chart) {
  const open = chart.holder.querySelector(".points");
  if (open) {
    open.remove();
    return false;
  }
  const holder = document.createElement("div");
  holder.className = "points";
  holder.tabIndex = 0;
  holder.setAttribute("role", "region");
  holder.setAttribute("aria-label", `Points of ${chart.name}`);
  holder.append(tableOf(chart));
  chart.holder.append(holder);
  return true;
}

function tableOf(chart) {
  const all = rows(chart);
  const table = document.createElement("table");
  table.createCaption().textContent =
    all.length > LONGEST ? `The last ${LONGEST} of ${figure(all.length)} points in view` : `${all.length} points in view`;
  const head = table.createTHead().insertRow();
  for (const name of header(chart)) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name;
    head.append(cell);
  }
  const body = table.createTBody();
  const { axis, origin } = chart.settings;
  for (const [x, ...values] of all.slice(-LONGEST)) {
    const row = body.insertRow();
    row.insertCell().textContent = AXES[axis].text(axis === "relative" ? x - origin : x);
    for (const value of values) row.insertCell().textContent = figure(value);
  }
  return table;
}
