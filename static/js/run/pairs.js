/** The lines of config, summary and environment: filtering them, and copying one or a part of them. */

import { matcher } from "../board/filter.js";
import { copyText } from "../shared/clipboard.js";
import { gettext } from "../i18n.js";

/** Wire every filter inside `root`: a line stays when it matches (../board/filter.js). */
export function filterPairs(root) {
  const copy = root.querySelector(".pairs [data-copy]");
  for (const line of copy ? root.querySelectorAll(".pairs dl > div") : []) line.querySelector("dd").append(lineCopier(line, copy));
  for (const part of copy ? root.querySelectorAll(".pairs .part") : []) part.querySelector("h3").append(partCopier(part, copy));
  for (const pane of root.querySelectorAll(".pairs")) {
    const lines = [...pane.querySelectorAll("dl > div")];
    pane.querySelector(".filter")?.addEventListener("input", (event) => {
      const matches = matcher(event.target.value);
      for (const line of lines) line.hidden = !matches(line.textContent);
      for (const part of pane.querySelectorAll(".part")) part.hidden = !part.querySelector("dl > div:not([hidden])");
      pane.querySelector(".no-match").hidden = lines.some((line) => !line.hidden);
    });
  }
}

function lineCopier(line, like) {
  const value = line.querySelector("dd");
  const words = gettext("Copy value of {name}", { name: line.querySelector("dt").textContent });
  const button = copier(like, gettext("Copy value"), words, value, () => value.textContent);
  button.classList.add("copy-one");
  return button;
}

/** Copies what is seen of a part: packages so that `pip install -r` takes them. */
function partCopier(part, like) {
  const seen = () => [...part.querySelectorAll("dl > div:not([hidden])")];
  const text = (line) => ["dt", "dd"].map((name) => line.querySelector(name).textContent).filter(Boolean);
  const all = () => seen().map((line) => text(line).join(part.dataset.separator)).join("\n");
  return copier(like, gettext("Copy these lines"), gettext("Copy {name}", { name: part.querySelector("h3").firstChild.textContent.trim() }), part.querySelector("dl"), all);
}

/** A button like the one that copies all lines; where there is no clipboard, `source` is selected. */
function copier(like, title, words, source, text) {
  const button = like.cloneNode(true);
  delete button.dataset.copy;
  button.title = title;
  button.ariaLabel = words;
  button.addEventListener("click", () => copyText(text(), source, button));
  return button;
}
