/** Requests to the server: the one `fetch`, and one error for each way in which it fails. */

import { gettext } from "./i18n.js";

/** Return a path of this site, such as `/api/runs`, below the prefix under which a proxy serves it. */
export function siteAddress(path) {
  return (document.querySelector('meta[name="base"]')?.content ?? "") + path;
}

export const UNREACHABLE = gettext("Can’t reach the server. Is it running?");

export class HttpError extends Error {
  /** `status` is 0 where no response came. */
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/** Return the response, whatever its status; throw an `HttpError` if the server is unreachable. */
export function send(address, options) {
  return fetch(address, options).catch(() => {
    throw new HttpError(UNREACHABLE);
  });
}

/** Return a response that is ok (or 304); throw an `HttpError` with the server's own sentence otherwise. */
export async function request(address, options) {
  const response = await send(address, options);
  if (response.ok || response.status === 304) return response;
  throw new HttpError(errorText(await response.text().catch(() => ""), response.status), response.status);
}

const [MOST, LONGEST] = [20, 300_000];
const answers = new Map();

/** Return the JSON at an address. */
export async function requestJson(address, options) {
  return options ? complete(await request(address, options), "json") : (await requestAgain(address))[0];
}

/** Return the JSON at an address, and its response; an answer that has not changed is not sent again. */
export async function requestAgain(address) {
  const cached = answers.get(address);
  const response = await request(address, cached && { headers: { "If-None-Match": cached.tag } });
  if (cached && response.status === 304) return [JSON.parse(cached.text), response];
  const tag = response.headers.get("ETag");
  answers.delete(address);
  if (!tag) return [await complete(response, "json"), response];
  const text = await complete(response, "text");
  if (text.length <= LONGEST) answers.set(address, { tag, text });
  if (answers.size > MOST) answers.delete(answers.keys().next().value);
  return [JSON.parse(text), response];
}

/** Return the options of a request that sends JSON. */
export function jsonBody(method, body, headers = {}) {
  return { method, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
}

/** Return the options of a request that sends a form, with the token of the forms of the page. */
export function formBody(fields) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  return { method: "POST", body: new URLSearchParams([["csrfmiddlewaretoken", token], ...fields]) };
}

/** Return the body of a response, read by its method `read`; throw an `HttpError` if the connection broke. */
export function complete(response, read) {
  return response[read]().catch(() => {
    throw new HttpError(gettext("The server’s response is incomplete."), response.status);
  });
}

/** Return a fragment of a page as text, or null if it is the one that `mark.tag` names. */
export async function fragment(address, mark = {}) {
  const headers = { "HX-Request": "true", ...(mark.tag && { "If-None-Match": mark.tag }) };
  const response = await request(address, { headers, cache: "no-store" });
  if (response.status === 304) return null;
  mark.tag = response.headers.get("ETag");
  return complete(response, "text");
}

/** Return the sentence in the body of an error: `detail` of a problem document, or that of an error page. */
export function errorText(text, status) {
  if (status === 429) return gettext("Too many requests. Wait a moment, then try again.");
  const fallback = gettext("The server responded with status {status}.", { status });
  try {
    return JSON.parse(text).detail ?? fallback;
  } catch {
    const page = new DOMParser().parseFromString(text, "text/html");
    return page.querySelector("main .sentence")?.textContent ?? fallback;
  }
}
