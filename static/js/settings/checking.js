/** Settings page: follow the check of the store until it has ended. */

import { fragment } from "../http.js";
import { poll } from "../poll.js";

const EVERY = 1000;
const running = () => document.querySelector("[data-checking]");

poll(async () => {
  const part = running();
  if (part) part.outerHTML = await fragment(part.dataset.checking);
}, () => EVERY);
