/** Previews of media in the cells of a grid: only those near the window are in the page. */

import { make } from "../dom.js";
import { gettext } from "../i18n.js";
import { DRAW } from "./draw.js";

/** Draw the preview of a cell near the window, and remove that of another one. */
export function showNear({ target, isIntersecting }) {
  const preview = target.firstElementChild;
  if (isIntersecting === preview.hasChildNodes()) return;
  if (isIntersecting) draw(target.item, preview);
  else {
    // Without its address an image or a video stops loading.
    for (const media of preview.querySelectorAll("img, video")) media.removeAttribute("src");
    preview.replaceChildren();
  }
}

function draw(item, preview) {
  if (item.kind === "images") {
    const image = make("img", { alt: "", decoding: "async", hidden: true, src: item.address });
    preview.replaceChildren(image);
    // A hidden image is decoded beside the page, which can be scrolled meanwhile.
    image.decode().then(() => (image.hidden = false), () => image.isConnected && preview.replaceChildren(failed()));
  } else if (item.kind === "videos") {
    preview.replaceChildren(make("video", { muted: true, preload: "metadata", src: item.address }));
  } else if (item.kind === "audio") {
    preview.replaceChildren(make("span", { textContent: `♪ ${item.caption || gettext("Play")}` }));
  } else {
    DRAW[item.kind](item, preview);
  }
}

function failed() {
  return make("span", { className: "faint", textContent: gettext("Couldn’t load this image.") });
}
