/** Log data that is not live: blocks of lines, single long lines, search matches. */

import { complete, request, requestJson } from "../http.js";

export class Source {
  /** `root` has `data-log`, `data-whole` and a `.failure` with a message and a retry button. */
  constructor(root) {
    const failure = root.querySelector(".failure");
    const { log: address, whole } = root.dataset;
    Object.assign(this, { address, whole, failure, turn: 0, busy: false, again() {} });
    this.text = (start, end) => this.#text(start, end);
    failure.querySelector("button").addEventListener("click", () => this.again());
  }

  /**
   * The blocks that are asked for; null when that failed (it is said then), or when something else was asked for
   * meanwhile. `again` is what the button does then. With `waits` nothing is asked for while another answer is on
   * its way.
   */
  async blocks(query, again, waits = false) {
    if (waits && this.busy) return null;
    const turn = ++this.turn;
    this.busy = true;
    try {
      const answer = await this.ask(query, again);
      return turn === this.turn ? (answer?.blocks ?? null) : null;
    } finally {
      this.busy = this.busy && turn !== this.turn;
    }
  }

  /** What the server answers; null when it does not, which is said with a way to try again. */
  async ask(query, again) {
    this.again = again;
    try {
      const answer = await requestJson(`${this.address}?${new URLSearchParams(query)}`);
      this.failure.hidden = true;
      return answer;
    } catch (error) {
      this.failure.hidden = false;
      this.failure.querySelector("span").textContent = error.message;
      return null;
    }
  }

  async #text(start, end) {
    const response = await request(this.whole, { headers: { Range: `bytes=${start}-${end - 1}` } });
    return complete(response, "text");
  }
}
