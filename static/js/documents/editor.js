/** Editor of a document beside its view. */

import { make } from "../dom.js";
import { errorText, formBody, jsonBody, request, complete, send, siteAddress } from "../http.js";
import { gettext } from "../i18n.js";
import { ask } from "../shared/dialog.js";
import { drawCharts, replaceContent } from "./live.js";

const PAUSE = 500;

export function startEditor(form) {
  const { folder, project, name, etag } = form.dataset;
  const [preview, problem] = ["preview", "editor-problem"].map((id) => document.getElementById(id));
  const place = siteAddress(`/projects/${encodeURIComponent(project)}`);
  const address = `${place}/files/${folder}${name ? `/${encodeURIComponent(name)}` : ""}`;
  const { text } = form.elements;
  let [saved, timer, shown, latest] = [content(form), 0, null, 0];

  async function show() {
    if (text.value === shown) return;
    shown = text.value;
    const mine = (latest += 1);
    try {
      const html = await complete(await request(`${place}/${folder}-preview`, formBody([["text", shown]])), "text");
      if (mine === latest) replaceContent(preview, html);
    } catch (error) {
      shown = null;
      say(error.message);
    }
  }

  function say(sentence) {
    problem.textContent = sentence;
    problem.hidden = !sentence;
  }

  async function save() {
    const before = content(form);
    const response = await send(address, jsonBody(name ? "PUT" : "POST", { ...before, ...(name && { etag }) })).catch((error) => say(error.message));
    if (!response) return;
    if (response.status === 409) {
      say(gettext("Another user changed this document. Copy your text, reload the page and edit that version."));
      return;
    }
    if (!response.ok) return say(errorText(await response.text(), response.status));
    saved = before;
    location.assign(`${place}/${folder}/${encodeURIComponent((await response.json()).name)}`);
  }

  async function remove() {
    const textContent = gettext("“{title}” is deleted for everyone.", { title: form.elements.title.defaultValue });
    const isDeleted = await ask({
      title: gettext("Delete the document?"),
      fields: [make("p", { textContent })],
      submit: gettext("Delete"),
      save: () => request(address, { method: "DELETE", headers: { "If-Match": `"${etag}"` } }),
    });
    if (!isDeleted) return;
    saved = content(form);
    location.assign(`${place}/${folder}`);
  }

  document.getElementById("delete-document")?.addEventListener("click", remove);
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  form.addEventListener("keydown", (event) => {
    if ((event.key === "s" || event.key === "Enter") && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  addEventListener("beforeunload", (event) => {
    if (JSON.stringify(content(form)) !== JSON.stringify(saved)) event.preventDefault();
  });
  drawCharts(preview);
  show();
}

/** Return what the form has, as a body of the route that stores it. */
function content(form) {
  const { title, kind, runs, text } = form.elements;
  const ids = runs.value.split(",").map((id) => id.trim()).filter(Boolean);
  return { title: title.value.trim(), text: text.value, runs: ids, ...(kind?.value && { kind: kind.value }) };
}
