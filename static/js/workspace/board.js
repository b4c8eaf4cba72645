/** The charts of the visible runs on a board: draw other runs, and fetch the new points of some. */

import { Board } from "../board/board.js";

export class RunsBoard extends Board {
  /** Draw these runs ([{key, label, …look}]), in this order. */
  show(runs) {
    const { version } = this.source;
    this.source.setRuns(runs);
    this.controller.recolour((key) => this.source.runs.get(key));
    if (this.source.version !== version) this.controller.refresh();
  }

  /** Fetch the new points of these runs. */
  refresh(keys) {
    this.source.forget(keys);
    this.controller.refresh();
  }
}
