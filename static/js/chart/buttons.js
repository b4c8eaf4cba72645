/** The buttons of a chart: full screen, data table, menu. */

import { iconButton, lazy, make } from "../dom.js";
import { gettext } from "../i18n.js";
import { toggleFull } from "./full_screen.js";

/** Add the buttons to a chart's caption. */
export function addTools(chart) {
  const bar = make("span", { className: "tools" });
  const menu = tool("settings", gettext("Options"), chart, (button) => openMenu(chart, button));
  menu.ariaHasPopup = "dialog";
  // Loaded before its key or its button is pressed.
  for (const kind of ["focusin", "pointerenter"]) chart.holder.addEventListener(kind, menuModule, { once: true });
  chart.openMenu = (field, beside = menu) => openMenu(chart, beside, field);
  bar.append(
    tool("large", gettext("Full screen"), chart, () => toggleFull(chart)),
    tool("table", gettext("Table"), chart, async (button) => {
      const { toggleTable } = await lazy("chart/text/data_table");
      button.ariaPressed = toggleTable(chart);
      // What has just become larger is not to be out of sight, nor below the heads that stay.
      chart.holder.scrollIntoView({ block: "nearest" });
    }),
    menu,
  );
  chart.holder.querySelector("figcaption").append(bar);
}

const menuModule = () => lazy("chart/menu/menu");

async function openMenu(...choice) {
  (await menuModule()).openMenu(...choice);
}

function tool(icon, label, { name }, action) {
  const button = iconButton(icon, label, { "aria-label": gettext("{action}: {name}", { action: label, name }) });
  button.addEventListener("click", () => action(button));
  return button;
}
