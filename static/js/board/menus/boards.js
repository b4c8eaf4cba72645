/** The boards of a project: switch, create, rename, duplicate, delete, reset. */

import { make } from "../../dom.js";
import { complete, request, siteAddress } from "../../http.js";
import { gettext } from "../../i18n.js";
import { askName, confirm } from "./dialogs.js";
import { withParameters } from "../../shared/query.js";
import { addressOf, put } from "../file.js";
import { writeSettings } from "../../run/settings_address.js";
import { rename } from "../arrange/section_changes.js";

const DEFAULT = "default";
/** Characters of the groups of a saved page, after which no further chart is added, and digits of their values. */
const [MOST_BYTES, DIGITS] = [4_000_000, 9];

/** Return the entries of the menu of boards. */
export function boardEntries(board) {
  const { file } = board;
  const names = [...new Set([DEFAULT, ...(file.names ?? []), file.name])];
  const count = board.arranged.hidden.length;
  const off = !file.project;
  return [
    ...names.map((name) => ({ label: labelOf(name), checked: name === file.name, action: () => open(board, name) })),
    null,
    { label: board.showsHidden ? gettext("Stop showing hidden charts") : gettext("Show hidden charts ({n})", { n: count }), disabled: !count && !board.showsHidden, action: () => toggleHidden(board) },
    { label: gettext("Save as one page"), action: () => savePage(board) },
    { label: gettext("Undo"), disabled: !file.undone.length, action: () => file.undo() },
    null,
    { label: gettext("New board…"), disabled: off, action: () => create(board, gettext("New board"), {}) },
    { label: gettext("Duplicate…"), disabled: off, action: () => create(board, gettext("Duplicate board"), file.board) },
    { label: gettext("Rename…"), action: () => renameBoard(board) },
    { label: gettext("Reset to default"), action: () => reset(board) },
    { label: gettext("Delete…"), disabled: off || !(file.etag || file.error), action: () => remove(board) },
  ];
}

/** Download the charts of the runs on the page, arranged by the saved board and with its settings, as one file that needs no server. */
async function savePage({ file, source, controller, bar }) {
  const run = location.pathname.match(/\/runs\/([^/]+)/)?.[1];
  const runs = run ?? [...source.runs.keys()].join();
  const settings = writeSettings("", { ...controller.settings, filter: "" }).slice(1);
  const query = new URLSearchParams({ runs, board: file.name, settings });
  const address = siteAddress(`/page.html?${query}`);
  if (!source.isBinned) return download(address, file);
  try {
    const [page, groups] = await Promise.all([request(address).then((response) => complete(response, "text")), groupsOf(source, controller)]);
    // As data the file has the curves of runs; those of groups are beside them.
    const text = page.replace('<script type="application/json" id="data">', (data) => `<script type="application/json" id="groups">${groups}</script>\n${data}`);
    download(URL.createObjectURL(new Blob([text], { type: "text/html" })), file);
  } catch (error) {
    bar.notice(error.message, true);
  }
}

function download(href, { name }) {
  make("a", { href, download: `${name}.html` }).click();
}

/** Return what the charts show of groups, of all runs or of a baseline, as JSON that cannot end its element. */
async function groupsOf(source, controller) {
  const { group, band, solo, difference, isDensity, runs } = source;
  const answers = [];
  let size = 0;
  for (const [name, query] of controller.queries()) {
    if (size > MOST_BYTES) break;
    const { x, ...rest } = (await source.loadForFile(name, query)) ?? { name };
    const text = JSON.stringify({ name, query, metric: { x, ...JSON.parse(JSON.stringify(rest, rounded)) } });
    size += text.length;
    answers.push(text);
  }
  const choice = JSON.stringify({ group, band, solo, difference, isDensity, runs: [...runs.values()] });
  return `{"choice":${choice},"answers":[${answers.join()}]}`.replaceAll("<", "\\u003c");
}

function rounded(_, value) {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(DIGITS)) : value;
}

function labelOf(name) {
  return name === DEFAULT ? gettext("Default") : name;
}

function toggleHidden(board) {
  board.showsHidden = !board.showsHidden;
  board.render();
}

/** Open a board: the address names it. */
async function open(board, name) {
  await board.file.save();
  location.assign(location.pathname + withParameters(location.search, { board: name === DEFAULT ? "" : name }));
}

/** A name of a file for a title: letters, digits and a few signs. */
function fileName(title) {
  return title.normalize("NFC").replace(/[^\p{L}\p{N} ._-]+/gu, " ").replace(/^[\s.]+|[\s.]+$/g, "").slice(0, 80) || "board";
}

async function create(board, heading, content) {
  const title = await askName(heading, gettext("Create"));
  if (!title) return;
  await board.file.save();
  const { title: _, ...rest } = content;
  const name = fileName(title);
  const response = await put(board.file.project, name, { ...rest, title }, "").catch(() => null);
  if (response?.ok) await open(board, name);
  else if (response?.status === 409) board.bar.notice(gettext("There is already a board “{name}”.", { name }), true);
  else board.bar.notice(gettext("The board was not created."), true);
}

async function renameBoard(board) {
  const title = await askName(gettext("Rename board"), gettext("Rename"), board.file.board.title || labelOf(board.file.name));
  if (title) board.change(rename(board.file.board, title));
}

/** Return to the default arrangement; a file that cannot be used is replaced. */
async function reset(board) {
  const { file } = board;
  const text = gettext("All charts return to the default order and options.");
  if (!(await confirm(gettext("Reset the board?"), text, gettext("Reset")))) return;
  file.error = "";
  const { title } = file.board;
  file.saved = null;
  file.change(title ? { title } : {});
  board.bar.notice("");
  file.save();
}

async function remove(board) {
  const { file } = board;
  const text = gettext("The board “{name}” of this project is deleted for everyone.", { name: file.board.title || labelOf(file.name) });
  if (!(await confirm(gettext("Delete the board?"), text, gettext("Delete")))) return;
  try {
    clearTimeout(file.timer);
    file.saved = file.board;
    await request(addressOf(file.project, file.name), { method: "DELETE" });
    await open(board, DEFAULT);
  } catch (error) {
    board.bar.notice(error.message, true);
  }
}
