/** One image with its caption; a click enlarges it on the page. */

import { gettext } from "../i18n.js";
import { describe } from "../media/draw.js";
import { openLightbox } from "../media/lightbox.js";
import { showFailure } from "./steps.js";

/** Show `item` ({address, step, caption, key}) of `steps` in `body`, and fetch the one after it. */
export function drawImage(item, body, items, steps) {
  const button = document.createElement("button");
  const image = document.createElement("img");
  image.alt = describe(item);
  // The last image stays until the new one is there: nothing jumps while the slider moves.
  image.addEventListener("load", () => body.replaceChildren(button, ...caption(item)));
  image.addEventListener("error", () => showFailure(body, gettext("Couldn’t load this image."), () => drawImage(item, body, items, steps)));
  button.type = "button";
  button.className = "enlarge";
  button.title = gettext("Enlarge");
  button.addEventListener("click", () => openLightbox(steps));
  button.append(image);
  image.src = item.address;
  const next = items[items.indexOf(item) + 1];
  if (next) new Image().src = next.address;
}

function caption(item) {
  if (!item.caption) return [];
  const line = document.createElement("p");
  line.className = "soft";
  line.dir = "auto";
  line.textContent = item.caption;
  return [line];
}
