/** The buttons of a chart: enlarge, data table, CSV, PNG. */

import { gettext } from "../i18n.js";
import { header, rows } from "./data/rows.js";
import { picture } from "./render/png.js";
import { toggleTable } from "./text/data_table.js";
import { csv } from "./text/descriptions.js";

const ICONS = document.querySelector('meta[name="icons"]').content;

/** Add the buttons to a chart's caption. */
export function addTools(chart) {
  const bar = document.createElement("span");
  bar.className = "tools";
  bar.append(
    tool("large", gettext("Enlarge"), chart, (button) => {
      press(button, chart.holder.classList.toggle("large"));
      chart.hooks.resized();
      inSight(chart);
    }),
    tool("table", gettext("Table"), chart, (button) => {
      press(button, toggleTable(chart));
      inSight(chart);
    }),
    tool("save", gettext("Save as CSV"), chart, () => keep(`${fileName(chart)}.csv`, textOf(chart))),
    tool("image", gettext("Save as PNG"), chart, () => keepPicture(chart)),
  );
  chart.holder.querySelector("figcaption").append(bar);
}

function tool(icon, label, { name }, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet small";
  button.title = label;
  button.setAttribute("aria-label", gettext("{action}: {name}", { action: label, name }));
  button.innerHTML = `<svg class="icon" aria-hidden="true"><use href="${ICONS}#${icon}"/></svg>`;
  button.addEventListener("click", () => action(button));
  return button;
}

/** What has just become larger is not to be out of sight, nor below the heads that stay. */
function inSight(chart) {
  chart.holder.scrollIntoView({ block: "nearest" });
}

function press(button, pressed) {
  button.setAttribute("aria-pressed", String(pressed));
}

function textOf(chart) {
  return new Blob([csv(header(chart), rows(chart))], { type: "text/csv" });
}

function keepPicture(chart) {
  picture(chart).toBlob((blob) => keep(`${fileName(chart)}.png`, blob));
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
