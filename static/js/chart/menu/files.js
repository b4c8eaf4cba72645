/** Files of a chart: pictures of the screen, vector pictures at the width of a paper's column, and its points. */

import { field, textButton as button } from "../../dom.js";
import { gettext } from "../../i18n.js";
import { header, rows } from "../data/rows.js";
import { download } from "../export/download.js";
import { pdf } from "../export/pdf.js";
import { paperSize, vectorPicture } from "../export/vector.js";
import { svgText } from "../export/svg_file.js";
import { picture } from "../render/png.js";
import { csv } from "../text/descriptions.js";
import { choice, row } from "./fields.js";

const COLUMNS = [["85", gettext("85 mm (one column)")], ["170", gettext("170 mm (two columns)")]];

/** Return the buttons. */
export function fileButtons(menu, chart) {
  const width = choice("width", COLUMNS);
  const vector = () => vectorPicture(chart, paperSize(Number(width.value)));
  const png = () => new Promise((done) => picture(chart).toBlob(done));
  const copy = () => say(menu, navigator.clipboard.write([new ClipboardItem({ "image/png": png() })]), gettext("Image copied."));
  return row(
    gettext("Files"),
    button("PNG", async () => download(chart, "png", await png())),
    button("SVG", () => download(chart, "svg", new Blob([svgText(vector())], { type: "image/svg+xml" }))),
    button("PDF", () => download(chart, "pdf", new Blob([pdf(vector(), chart.name)], { type: "application/pdf" }))),
    button("CSV", () => download(chart, "csv", new Blob([csv(header(chart), rows(chart))], { type: "text/csv" }))),
    button(gettext("Copy image"), copy),
    field(gettext("Width of SVG and PDF"), width),
  );
}

/** Report in a menu what came of a promise. */
export async function say(menu, promise, text) {
  const status = menu.querySelector(".status");
  status.textContent = await Promise.resolve(promise).then(() => text, () => gettext("The browser did not allow it."));
}
