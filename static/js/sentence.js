/** The sentence on the page of an error. */
export function sentenceIn(text, status) {
  const page = new DOMParser().parseFromString(text, "text/html");
  return page.querySelector("main .sentence")?.textContent ?? `The viewer answered ${status}.`;
}
