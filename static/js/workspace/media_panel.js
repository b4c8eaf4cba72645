/** The panel with the grid of media. Few visits need it: it is loaded when the panel opens. */

import { lazy } from "../dom.js";
import { UNREACHABLE } from "../http.js";

export class MediaPanel {
  /** `hooks`: choose(change), failed(text). */
  constructor({ choose, failed }) {
    this.grid = lazy("media/grid").then(({ MediaGrid }) => new MediaGrid(choose));
    this.grid.catch(() => failed(UNREACHABLE));
  }

  /** Show runs ([{key, colour}]) as a choice (address.js) says. */
  show(choice, runs) {
    this.grid.then((grid) => grid.show(choice, runs), () => {});
  }
}
