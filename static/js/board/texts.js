/** Markdown texts, which the server renders. */

import { jsonBody, requestJson, siteAddress } from "../http.js";

const rendered = new Map();
const newest = new WeakMap();

/** Remember texts that the server has rendered: {Markdown: HTML}. */
export function rememberTexts(texts) {
  for (const [text, html] of Object.entries(texts)) rendered.set(text, html);
}

/** Show a text in an element, unless another one is shown there meanwhile; as it is written where the server does not answer. */
export async function showText(element, text) {
  newest.set(element, text);
  if (!rendered.has(text)) {
    const answer = await requestJson(siteAddress("/markdown"), jsonBody("POST", { text })).catch(() => null);
    if (answer) rendered.set(text, answer.html);
  }
  if (newest.get(element) !== text) return;
  if (rendered.has(text)) element.innerHTML = rendered.get(text);
  else element.textContent = text;
}
