/** The panel with the grid of media, whose module is loaded when the panel is opened. */

import { load } from "../on_demand.js";

export class MediaPanel {
  /** `hooks`: choose(change), failed(text). */
  constructor(section, hooks) {
    this.grid = load(section.dataset.module, "js/media/grid.js").then(({ MediaGrid }) => new MediaGrid(section, hooks.choose));
    this.grid.catch((error) => hooks.failed(error.message));
  }

  /** Show runs ([{key, label, colour, href}]) as a choice (address.js) says. */
  show(choice, runs) {
    this.grid.then((grid) => grid.show(choice, runs), () => {});
  }

  /** The runs have grown. */
  refresh() {
    this.grid.then((grid) => grid.refresh(), () => {});
  }
}
