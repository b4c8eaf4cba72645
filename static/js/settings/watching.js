/** Import page: refresh the state of the watched folders, unless one of their lists is open or a control has the focus. */

import { fragment } from "../http.js";
import { poll } from "../poll.js";

const EVERY = 2000;
const mark = {};

poll(async () => {
  const text = await fragment(document.querySelector("[data-watched]").dataset.watched, mark);
  const list = document.getElementById("watched");
  if (text === null || list.contains(document.activeElement) || list.querySelector("details[open]")) return;
  list.outerHTML = text;
}, () => EVERY);
