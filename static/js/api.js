/** The page of a route: one form sends the chosen method and body, and the answer is shown below it. */

import { send } from "./http.js";

const form = document.getElementById("ask");
const place = document.getElementById("answer");

async function ask(event) {
  event.preventDefault();
  const { verb, body } = form.elements;
  const headers = { Accept: "application/json" };
  const request = { method: verb.value, headers };
  if (body.value.trim()) {
    headers["Content-Type"] = "application/json";
    request.body = body.value;
  }
  place.hidden = false;
  place.textContent = "…";
  try {
    const answer = await send(form.dataset.address, request);
    place.textContent = `HTTP ${answer.status} ${answer.statusText}\n\n${readable(await answer.text())}`;
  } catch (error) {
    place.textContent = error.message;
  }
}

function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

form?.addEventListener("submit", ask);
