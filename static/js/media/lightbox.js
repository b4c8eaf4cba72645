/** A medium over the whole page: arrows change the step or the series; images are zoomed by wheel, pinch and keys, and dragged. */

import { make } from "../dom.js";
import { DRAW, describe } from "./draw.js";
import { Zoom } from "./zoom.js";

const SWIPE = 40;

/** Return the series of the same pane of the run page, in their order. */
const neighbours = (series) => [...series.element.parentElement.querySelectorAll(".steps")].map((figure) => figure.steps);

/**
 * Open the item that `series` ({title, items, at, words, show(at)}) shows; the page behind follows.
 * `others(series)` returns the series that the arrows up and down choose from.
 */
export function openLightbox(series, others = neighbours) {
  const dialog = document.getElementById("lightbox");
  const stage = dialog.querySelector(".stage");
  const image = make("img");
  const zoom = new Zoom(stage, image);
  const controls = new AbortController();
  const on = (target, name, listener, options = {}) => target.addEventListener(name, listener, { signal: controls.signal, ...options });
  let current = series;

  function show() {
    const item = current.items[current.at];
    const isImage = item.kind === "images";
    for (const button of dialog.querySelectorAll("[data-zoom]")) button.hidden = !isImage;
    if (isImage) {
      zoom.reset();
      image.src = item.address;
      image.alt = describe({ ...item, step: null });
      stage.replaceChildren(image);
    } else {
      const body = make("div", { className: "body media" });
      stage.replaceChildren(body);
      DRAW[item.kind](item, body);
    }
    dialog.querySelector("h2 bdi").textContent = current.title;
    dialog.querySelector("output").textContent = current.words;
    dialog.querySelector(".caption").textContent = isImage ? (item.caption ?? "") : "";
    const original = dialog.querySelector("a[download]");
    original.href = item.file ?? item.address;
    original.download = original.href.split("/").at(-1);
    dialog.querySelector('[data-go="-1"]').disabled = current.at === 0;
    dialog.querySelector('[data-go="1"]').disabled = current.at === current.items.length - 1;
  }

  function go(move) {
    const at = Math.max(0, Math.min(current.items.length - 1, current.at + move));
    if (at === current.at) return;
    current.show(at);
    show();
  }

  function change(move) {
    const all = others(current).filter(({ items }) => items.length);
    const { step } = current.items[current.at];
    current = all[(all.indexOf(current) + move + all.length) % all.length];
    current.show(Math.max(0, current.items.findLastIndex((item) => item.step <= step)));
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
    // Players and scrolled tables have arrow keys of their own.
    if (event.target.closest("video, audio, [role=region]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!Object.hasOwn(KEYS, event.key)) return;
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
  on(dialog, "close", () => {
    controls.abort();
    stage.replaceChildren();
    // Until now, nothing behind the dialog could be focused.
    current.show(current.at);
  });
  // What is drawn needs the size of the stage.
  dialog.showModal();
  show();
}
