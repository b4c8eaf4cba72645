/** Colours of the visible runs: their own, or the first of the palette that is free. A run keeps its colour on the page. */

import { lookAt } from "../chart/render/colours.js";

export class RunColours {
  constructor() {
    this.places = new Map();
  }

  /** Return {colour, dash} of each id of `ids` by id; `own`: id to the colour that a user chose. */
  assign(ids, own = new Map()) {
    const used = new Set(ids.filter((id) => this.places.has(id)).map((id) => this.places.get(id)));
    let free = 0;
    for (const id of ids) {
      if (this.places.has(id)) continue;
      while (used.has(free)) free += 1;
      used.add(free);
      // A run that is hidden gives its place to one that needs it.
      for (const [other, place] of this.places) if (place === free && !ids.includes(other)) this.places.delete(other);
      this.places.set(id, free);
    }
    return new Map(ids.map((id) => [id, own.has(id) ? { colour: own.get(id), dash: null } : lookAt(this.places.get(id))]));
  }
}
