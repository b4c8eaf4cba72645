/** An image over the whole page: arrows change the step or the key, wheel, pinch and keys zoom, dragging moves it. */

import { gettext } from "../i18n.js";
import { Zoom } from "./zoom.js";

const SWIPE = 40;

/** Return the image keys of the page, in their order. */
const others = (steps) => [...steps.element.parentElement.querySelectorAll(".steps")].map((figure) => figure.steps).filter((one) => one.items.length);

/** Open the image that `steps` shows; the figure behind follows. */
export function openLightbox(steps) {
  const dialog = document.getElementById("lightbox");
  const stage = dialog.querySelector(".stage");
  const image = document.createElement("img");
  const zoom = new Zoom(stage, image);
  const controls = new AbortController();
  const on = (target, name, listener, options = {}) => target.addEventListener(name, listener, { signal: controls.signal, ...options });
  let shown = steps;

  function show() {
    const item = shown.items[shown.at];
    zoom.reset();
    image.src = item.address;
    image.alt = [item.key, item.caption].filter(Boolean).join(", ");
    dialog.querySelector("h2 bdi").textContent = item.key;
    dialog.querySelector("output").textContent = shown.output.textContent;
    dialog.querySelector(".caption").textContent = item.caption ?? "";
    const original = dialog.querySelector("a");
    original.href = item.address;
    original.download = item.address.split("/").at(-1);
    dialog.querySelector('[data-go="-1"]').disabled = shown.at === 0;
    dialog.querySelector('[data-go="1"]').disabled = shown.at === shown.items.length - 1;
  }

  function go(move) {
    const at = Math.max(0, Math.min(shown.items.length - 1, shown.at + move));
    if (at === shown.at) return;
    shown.show(at);
    show();
  }

  function change(move) {
    const all = others(shown);
    shown = all[(all.indexOf(shown) + move + all.length) % all.length];
    show();
  }

  const KEYS = {
    ArrowLeft: () => go(-1),
    ArrowRight: () => go(1),
    Home: () => go(-Infinity),
    End: () => go(Infinity),
    ArrowUp: () => change(-1),
    ArrowDown: () => change(1),
    "+": () => zoom.by(1.5),
    "-": () => zoom.by(1 / 1.5),
    0: () => zoom.reset(),
  };
  on(dialog, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(KEYS, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    KEYS[event.key]();
  });
  on(dialog, "click", (event) => {
    const button = event.target.closest("[data-go], [data-zoom], [data-close]");
    if (button?.dataset.go) go(Number(button.dataset.go));
    else if (button?.dataset.zoom) zoom.by(Number(button.dataset.zoom));
    else if (button || event.target === dialog) dialog.close();
  });
  zoom.listen(on, (distance) => Math.abs(distance) > SWIPE && go(distance < 0 ? 1 : -1));
  on(dialog, "close", () => controls.abort());
  stage.replaceChildren(image);
  show();
  dialog.showModal();
  dialog.setAttribute("aria-label", gettext("Image"));
}
