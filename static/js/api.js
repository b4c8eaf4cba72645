/** The page of a route: one form sends the chosen method and body, and the answer is shown below it. */

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
    const answer = await fetch(form.dataset.address, request);
    place.textContent = `HTTP ${answer.status} ${answer.statusText}\n\n${readable(await answer.text())}`;
  } catch {
    place.textContent = "The viewer does not answer.";
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
