/** One image with its caption; a click opens the file itself. */

import { gettext } from "../i18n.js";
import { showFailure } from "./steps.js";

/** Show `item` ({address, step, caption, key}) in `body`, and fetch the one after it. */
export function drawImage(item, body, items) {
  const link = document.createElement("a");
  const image = document.createElement("img");
  const words = [item.key, item.step === null ? "" : gettext("step {step}", { step: item.step }), item.caption].filter(Boolean);
  image.alt = words.join(", ");
  // The last image stays until the new one is there: nothing jumps while the slider moves.
  image.addEventListener("load", () => body.replaceChildren(link, ...caption(item)));
  image.addEventListener("error", () => showFailure(body, gettext("Couldn’t load this image."), () => drawImage(item, body, items)));
  link.href = item.address;
  link.append(image);
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
