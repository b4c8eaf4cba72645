/** Images of one key by step: one is shown, the slider chooses which. */

/** Wire every slider inside `root`. */
export function slideImages(root) {
  for (const figure of root.querySelectorAll("figure.steps")) {
    const images = [...figure.querySelectorAll("a[data-step]")];
    const slider = figure.querySelector("input[type=range]");
    const show = (chosen) => {
      for (const [i, image] of images.entries()) image.hidden = i !== chosen;
      figure.querySelector("output").textContent = images[chosen].dataset.step;
    };
    slider?.addEventListener("input", () => show(Number(slider.value)));
    show(images.length - 1);
  }
}
