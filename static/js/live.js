/** The page's WebSocket: open in a visible tab only, reconnecting after a lost connection. */

import { request } from "./http.js";
import { gettext } from "./i18n.js";
import { LINK_GONE, isLinkGone } from "./poll.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 2500;
const FINAL = { 4404: gettext("This run no longer exists."), 4400: gettext("Unknown run ID.") };

export class Live {
  /**
   * `query()`: where to go on, as the address's parameters. `frame(message)`: one typed frame.
   * `state(text, retry)`: a sentence about the connection, empty while it stands.
   */
  constructor(address, { query, frame, state }) {
    Object.assign(this, { address, query, frame, state, wait: FIRST_WAIT, socket: null, timer: 0, started: false });
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.#resume()));
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", () => this.#resume());
  }

  #resume() {
    if (this.started) this.open();
  }

  /** Connect, unless the page is connected or hidden. */
  open() {
    this.started = true;
    if (this.socket || document.hidden) return;
    clearTimeout(this.timer);
    const url = new URL(this.address, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.search = new URLSearchParams(this.query());
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.addEventListener("open", () => {
      this.state("");
      if (this.isLost) document.dispatchEvent(new Event("reconnected"));
      this.isLost = false;
    });
    socket.addEventListener("message", (event) => {
      this.wait = FIRST_WAIT;
      if (this.socket === socket) this.frame(JSON.parse(event.data));
    });
    socket.addEventListener("close", (event) => {
      if (this.socket === socket) this.#lost(event.code);
    });
  }

  /** Leave the server alone until the page is looked at again. */
  close() {
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }

  /** Half of the waiting time is drawn by lot, so that many pages do not come back in the same moment. */
  #lost(code) {
    this.socket = null;
    this.isLost = true;
    if (FINAL[code]) {
      this.state(FINAL[code]);
      return;
    }
    this.state(gettext("Disconnected from the server. Retrying…"), () => this.again());
    this.timer = setTimeout(() => this.open(), this.wait * (0.5 + Math.random() / 2));
    this.wait = Math.min(this.wait * 1.8, LONGEST_WAIT);
    if ("shared" in document.body.dataset) this.#askForLink();
  }

  /** Stop if the link of a shared page was revoked or has expired, which a refused WebSocket does not tell. */
  async #askForLink() {
    const error = await request(location.href, { method: "HEAD" }).then(() => null, (reason) => reason);
    if (!error || !isLinkGone(error)) return;
    this.started = false;
    this.close();
    this.state(LINK_GONE);
  }

  /** Try now. */
  again() {
    this.close();
    this.open();
  }
}
