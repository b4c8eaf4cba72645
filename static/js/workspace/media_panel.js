/** The panel with the grid of media. Few visits need it: its bundle, which shares the modules of the page, is loaded when it opens. */

import { UNREACHABLE } from "../http.js";

export class MediaPanel {
  /** `hooks`: choose(change), failed(text). */
  constructor({ dataset: { module: address } }, { choose, failed }) {
    this.grid = import(address).then(({ default: modules }) => new modules["js/media/grid.js"].MediaGrid(choose));
    this.grid.catch(() => failed(UNREACHABLE));
  }

  /** Show runs ([{key, colour}]) as a choice (address.js) says. */
  show(choice, runs) {
    this.grid.then((grid) => grid.show(choice, runs), () => {});
  }
}
