/** Pages of the lab notebook and of reports. */

import { startEditor } from "./editor.js";
import { drawCharts, keepCurrent } from "./live.js";

const [article, editor, problem] = ["document", "editor", "document-problem"].map((id) => document.getElementById(id));

function failed(error) {
  problem.hidden = !error;
  problem.textContent = error?.message ?? "";
}

if (editor) startEditor(editor);
else drawCharts(document);
if (article) keepCurrent(article, failed);
