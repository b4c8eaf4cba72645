/** A board as it is saved: at once after each change, with undo, and never over a change made elsewhere. */

import { errorText, jsonBody, requestJson, send, siteAddress } from "../http.js";
import { gettext } from "../i18n.js";

const PAUSE = 300, MOST_UNDO = 100, LONGEST_KEPT_ALIVE = 60_000;

/** Return the address of the boards of a project, or of one of them. */
export function addressOf(project, name) {
  const boards = siteAddress(`/api/v2/projects/${encodeURIComponent(project)}/boards`);
  return name === undefined ? boards : `${boards}/${encodeURIComponent(name)}`;
}

/** Store a board; resolves with the response, whatever its status. */
export function put(project, name, board, etag, keepalive = false) {
  const condition = etag ? { "If-Match": `"${etag}"` } : { "If-None-Match": "*" };
  return send(addressOf(project, name), { ...jsonBody("PUT", board, condition), keepalive });
}

export class BoardFile {
  /**
   * `data`: {project, name, board, etag, error}; without a project nothing is saved.
   * `hooks`: changed(board) after each change, say(text, isRefusal).
   */
  constructor(data, hooks) {
    Object.assign(this, data, { hooks, undone: [], timer: 0, saving: null, saved: data.board });
    addEventListener("pagehide", () => this.#flush());
  }

  /** Replace the board. */
  change(board) {
    if (JSON.stringify(board) === JSON.stringify(this.board)) return;
    this.undone.push(this.board);
    this.undone = this.undone.slice(-MOST_UNDO);
    this.#set(board);
  }

  /** Take back the latest change; returns whether there was one. */
  undo() {
    if (!this.undone.length) return false;
    this.#set(this.undone.pop());
    return true;
  }

  #set(board) {
    this.board = board;
    this.hooks.changed(board);
    clearTimeout(this.timer);
    if (this.error) this.hooks.say(this.refusal(), true);
    else if (this.project) this.timer = setTimeout(() => this.save(), PAUSE);
  }

  /** Why a board that cannot be read is not overwritten. */
  refusal() {
    return gettext("The board “{name}” cannot be used: {error} Changes are not saved; reset the board or fix the file.", this);
  }

  /** Save now; one request at a time, until the last change is saved or one is refused. */
  save() {
    clearTimeout(this.timer);
    this.saving ??= this.#saveAll().finally(() => (this.saving = null));
    return this.saving;
  }

  async #saveAll() {
    while (this.#isDue() && (await this.#send(this.board)));
  }

  #isDue() {
    return this.board !== this.saved && !this.error && Boolean(this.project);
  }

  /** Send a board; return whether it was stored. */
  async #send(board) {
    try {
      const response = await put(this.project, this.name, board, this.etag);
      if (response.ok) this.#accept(board, await response.json());
      else if (response.status === 409) await this.#reload();
      else this.#refuse(errorText(await response.text(), response.status));
      return response.ok;
    } catch (error) {
      this.#refuse(error.message);
      return false;
    }
  }

  #accept(board, { etag }) {
    Object.assign(this, { etag, saved: board });
    this.hooks.say("");
  }

  #refuse(text) {
    this.hooks.say(gettext("The board was not saved: {text}", { text }), true);
  }

  async #reload() {
    const { board, etag, error } = await requestJson(addressOf(this.project, this.name)).catch((failure) => {
      if (failure.status === 404) return { board: {}, etag: "" };
      throw failure;
    });
    Object.assign(this, { board, etag, error, saved: board, undone: [] });
    this.hooks.changed(board);
    this.hooks.say(gettext("The board was changed elsewhere. This is the newer version; your last change was not saved."));
  }

  #flush() {
    if (!this.#isDue() || this.saving) return;
    const keepalive = JSON.stringify(this.board).length < LONGEST_KEPT_ALIVE;
    put(this.project, this.name, this.board, this.etag, keepalive).catch(() => {});
    this.saved = this.board;
  }
}
