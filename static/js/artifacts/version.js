/** The page of a version: its metadata are filtered, and what is edited begins in its first field. */

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

/** A file that was chosen is seen without a search for it. */
document.getElementById("look")?.scrollIntoView({ block: "nearest" });
document.querySelector(".files [aria-current]")?.scrollIntoView({ block: "nearest" });

/** In a wide picture the version itself is in the middle. */
const drawing = document.querySelector(".drawing");
const here = drawing?.querySelector(".here");
if (here) {
  const [box, outer] = [here.getBoundingClientRect(), drawing.getBoundingClientRect()];
  drawing.scrollLeft = box.left - outer.left - (outer.width - box.width) / 2;
  drawing.scrollTop = box.top - outer.top - (outer.height - box.height) / 2;
}
