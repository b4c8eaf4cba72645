/** Looks of the visible runs: their own colour, or the first of the palette that is free. A run keeps its look on the page. */

import { CURVE_COLOURS, lookAt, styleAt } from "../chart/render/colours.js";

const MOST_STYLES = 100;

export class RunColours {
  constructor() {
    this.places = new Map();
    this.styles = new Map();
  }

  /** Return the look of each id of `ids` by id, no two alike; `own`: id to the colour that a user chose. */
  assign(ids, own = new Map()) {
    const used = new Set(ids.filter((id) => this.places.has(id)).map((id) => this.places.get(id)));
    for (const id of ids) if (own.has(id)) used.add(CURVE_COLOURS.indexOf(own.get(id)));
    let free = 0;
    for (const id of ids) {
      if (this.places.has(id)) continue;
      while (used.has(free)) free += 1;
      used.add(free);
      // A run that is hidden gives its place to one that needs it.
      for (const [other, place] of this.places) if (place === free && !ids.includes(other)) this.places.delete(other);
      this.places.set(id, free);
    }
    const taken = new Set();
    const looks = new Map(ids.filter((id) => !own.has(id)).map((id) => [id, lookAt(this.places.get(id))]));
    for (const look of looks.values()) taken.add(JSON.stringify(look));
    for (const id of ids) if (own.has(id)) looks.set(id, this.#styled(id, own.get(id), taken));
    return new Map(ids.map((id) => [id, looks.get(id)]));
  }

  /** Return a look of a colour that is not taken: others may have the same colour. */
  #styled(id, colour, taken) {
    for (let style = this.styles.get(id) ?? 0; ; style += 1) {
      const look = { colour, ...styleAt(style) };
      if (taken.has(JSON.stringify(look)) && style < MOST_STYLES) continue;
      taken.add(JSON.stringify(look));
      this.styles.set(id, style);
      return look;
    }
  }
}
