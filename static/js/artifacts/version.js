/** Page of a version: filter metadata, focus the first field when editing. */

import { filterPairs } from "../run/pairs.js";

filterPairs(document);

for (const edit of document.querySelectorAll("details.edit")) {
  edit.addEventListener("toggle", () => edit.open && edit.querySelector("textarea").focus());
  edit.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) edit.querySelector("form").requestSubmit();
    if (event.key !== "Escape") return;
    edit.open = false;
    edit.querySelector("summary").focus();
  });
}

// Scroll to the preview of the selected file.
document.getElementById("preview")?.scrollIntoView({ block: "nearest" });
document.querySelector(".files [aria-current]")?.scrollIntoView({ block: "nearest" });

// Center the version in a wide lineage graph.
const drawing = document.querySelector(".drawing");
const here = drawing?.querySelector(".here");
if (here) {
  const [box, outer] = [here.getBoundingClientRect(), drawing.getBoundingClientRect()];
  drawing.scrollLeft = box.left - outer.left - (outer.width - box.width) / 2;
  drawing.scrollTop = box.top - outer.top - (outer.height - box.height) / 2;
}
