/** Previews of media in the cells of a grid: only those near the window are in the page. */

import { make } from "../dom.js";
import { DRAW } from "./draw.js";

/** Height of the flattest cell, in its width. */
const LEAST = 0.15;

const MAKERS = {
  images(item, preview) {
    const image = make("img", { alt: "", hidden: true, src: item.address });
    preview.append(image);
    // A hidden image is decoded beside the page, which can be scrolled meanwhile.
    image.decode().then(() => fit(image), () => image.isConnected && image.replaceWith("⚠"));
  },
  videos: (item, preview) => preview.append(make("video", { muted: true, preload: "metadata", src: item.address })),
  audio: (item, preview) => preview.append(`♪ ${item.caption}`),
};

/** Show a decoded image. The cells of a grid are as high as the highest of those that were shown, at most as wide. */
function fit(image) {
  image.hidden = false;
  const grid = image.closest(".media-grid");
  const aspect = Math.min(1, Math.max(LEAST, image.naturalHeight / image.naturalWidth));
  if (grid && aspect > Number(grid.style.getPropertyValue("--aspect"))) grid.style.setProperty("--aspect", aspect);
}

/** Draw the preview of a cell near the window, and remove that of another one; for an `IntersectionObserver`. */
export function showNear({ target, isIntersecting }) {
  const preview = target.firstElementChild;
  if (isIntersecting === preview.hasChildNodes()) return;
  if (isIntersecting) {
    const [item] = JSON.parse(target.dataset.items);
    (MAKERS[item.kind] ?? DRAW[item.kind])(item, preview);
    return;
  }
  // Without its address an image or a video stops loading.
  for (const media of preview.querySelectorAll("img, video")) media.removeAttribute("src");
  preview.replaceChildren();
}
