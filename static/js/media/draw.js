/** Show one medium ({kind, key, address, file, step, caption}) in an element, by its kind. */

import { drawBars } from "../run/histogram_charts.js";
import { HttpError, requestJson } from "../http.js";
import { make } from "../dom.js";
import { gettext } from "../i18n.js";
import { showFailure } from "../run/steps.js";
import { drawPreview, drawTable } from "../run/tables.js";

/** Key, step and caption in one line. */
export function describe({ key, step, caption }) {
  return [key, step === null ? "" : gettext("step {step}", { step }), caption].filter(Boolean).join(", ");
}

/** A frame with a document, which has no access to the page: it runs in an origin of its own. */
function frame(item) {
  const made = make("iframe", { title: describe(item), loading: "lazy" });
  made.sandbox.add("allow-scripts");
  made.src = item.address;
  return made;
}

/** A video or a sound with its controls. */
function player(tag) {
  return (item) => {
    const made = make(tag, { controls: true, preload: "metadata", playsInline: true, "aria-label": describe(item), src: item.address });
    made.addEventListener("error", () => made.replaceWith(gettext("The browser can’t play this file.")));
    return made;
  };
}

const MAKERS = { videos: player("video"), audio: player("audio"), documents: frame };

/** The caption, and a link to the file. */
function about(item) {
  const caption = make("span", { className: "soft", dir: "auto", textContent: item.caption });
  const link = make("a", { href: item.file ?? item.address, download: "", textContent: gettext("Download") });
  return make("p", { className: "line about" }, caption, link);
}

function show(item, body) {
  body.replaceChildren(MAKERS[item.kind](item), about(item));
}

function drawImage(item, body, items = []) {
  const image = make("img", { alt: describe(item) });
  // The last image stays until the new one is there: nothing jumps while the slider moves.
  image.addEventListener("load", () => body.replaceChildren(image, about(item)));
  image.addEventListener("error", () => showFailure(body, gettext("Couldn’t load this image."), () => drawImage(item, body, items)));
  image.src = item.address;
  const next = items[items.indexOf(item) + 1];
  if (next) new Image().src = next.address;
}

async function drawHistogram(item, body) {
  const histogram = await requestJson(item.address).catch((error) => error);
  const isValid = Array.isArray(histogram.edges) && Array.isArray(histogram.counts);
  if (histogram instanceof HttpError || !isValid) {
    return showFailure(body, histogram.message ?? gettext("This file does not contain a histogram."), () => drawHistogram(item, body));
  }
  const canvas = make("canvas", { role: "img", "aria-label": describe(item) });
  body.replaceChildren(canvas);
  drawBars(canvas, histogram);
}

/** Functions (item, body, items) by kind; an image is fetched with the next one of `items`. */
export const DRAW = { images: drawImage, videos: show, audio: show, documents: show, tables: drawTable, files: drawPreview, histograms: drawHistogram };
