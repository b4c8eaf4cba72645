/** A document as it is read: its charts are drawn, and what changes on the server is shown. */

import { fragment } from "../http.js";
import { poll } from "../poll.js";
import { OverlaySource } from "../workspace/source.js";
import { mountCharts } from "./charts.js";

const PAUSE = 4000;

/** Draw the charts in an element that have not been drawn yet. */
export function drawCharts(root) {
  for (const block of root.querySelectorAll("[data-chart]:not([data-drawn])")) {
    block.section = block.closest(".block");
    block.made = block.section.outerHTML;
    block.dataset.drawn = "";
    block.source = new OverlaySource();
    block.controller = mountCharts(block, (runs) => {
      block.source.setRuns(runs);
      return block.source;
    });
  }
}

/** Replace the content of an element; charts that are the same stay, with their zoom. */
export function replaceContent(root, html) {
  const made = new DOMParser().parseFromString(html, "text/html").body;
  const drawn = new Map([...root.querySelectorAll("[data-chart]")].map((block) => [block.made, block]));
  for (const section of made.querySelectorAll(".block:has([data-chart])")) {
    const block = drawn.get(section.outerHTML);
    if (!block) continue;
    drawn.delete(block.made);
    section.replaceWith(block.section);
  }
  root.replaceChildren(...made.childNodes);
  drawCharts(root);
}

/** Keep a document up to date, with what is written by others and the new points of running runs. */
export function keepCurrent(root, failed) {
  const mark = {};
  const ask = async () => {
    const html = await fragment(location.pathname, mark);
    if (html !== null) replaceContent(root, html);
    for (const block of root.querySelectorAll("[data-chart]")) {
      const running = JSON.parse(block.dataset.chart).runs.filter(({ live }) => live);
      if (!running.length) continue;
      block.source.forget(running.map(({ key }) => key));
      block.controller.refresh();
    }
  };
  poll(ask, () => PAUSE, failed);
}
