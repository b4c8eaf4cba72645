/** The way from a selection to a file. */

import { make } from "../dom.js";
import { formBody } from "../http.js";

/** Let the browser save the chosen runs: a form of its own, since the answer is a file and no page. */
export function save(button, ids) {
  const fields = [...formBody([["run_ids", [...ids].join("\n")]]).body].map(([name, value]) => make("textarea", { name, value }));
  const form = make("form", { method: "post", action: button.dataset.address, hidden: true }, ...fields);
  document.body.append(form);
  form.submit();
  form.remove();
}
