/**
 * The rows of the log that are on the page: a stretch of the file without a gap, and never more than some thousands.
 * Rows are added and taken away in the blocks in which the server sends them.
 */

import { foldRows, leaveFold } from "./fold.js";
import { rowsOf } from "./rows.js";

export const MOST_ROWS = 3000;

export class Lines {
  /** `element` contains the rows; `whole(start, end)` fetches a truncated line; `made(row)` is called for each new row. */
  constructor(element, whole, made) {
    Object.assign(this, { element, whole, made, blocks: [], count: 0 });
  }

  /** Number of the first line that is there, and the byte at which it begins. */
  get first() {
    return this.blocks[0];
  }

  /** Number of the line that comes next, and the byte at which it begins; nothing when no row is there. */
  get next() {
    const last = this.blocks.at(-1);
    return last && { number: last.first + last.rows.length, at: last.end };
  }

  clear() {
    this.blocks = [];
    this.count = 0;
    this.element.replaceChildren();
  }

  /** Append blocks, without lines that are present already; as many rows are removed at the top. */
  append(blocks) {
    for (const block of blocks.map((whole) => this.#unknown(whole)).filter(({ lines }) => lines.length)) {
      if (this.next && block.first > this.next.number) this.clear();
      const before = this.element.lastElementChild;
      const rows = this.#rows(block);
      this.element.append(...rows);
      this.blocks.push({ first: block.first, start: block.start, end: block.end, rows });
      foldRows(before ? [before, ...rows] : rows);
    }
    while (this.blocks.length > 1 && this.count - this.blocks[0].rows.length >= MOST_ROWS) this.#drop(this.blocks.shift());
  }

  /** Add blocks at the beginning; at the end rows go as others come. True when some went. */
  prepend(blocks) {
    for (const block of blocks.filter(({ lines }) => lines.length).reverse()) {
      const after = this.element.firstElementChild;
      const rows = this.#rows(block);
      this.element.prepend(...rows);
      this.blocks.unshift({ first: block.first, start: block.start, end: block.end, rows });
      foldRows(after ? [...rows, after] : rows);
      if (after?.group) foldRows([rows.at(-1), after.group.rows.at(-1)]);
    }
    const before = this.count;
    while (this.blocks.length > 1 && this.count - this.blocks.at(-1).rows.length >= MOST_ROWS) this.#drop(this.blocks.pop());
    return this.count < before;
  }

  /** The row of a line, if it is there. */
  row(number) {
    const block = this.blocks.find(({ first, rows }) => number >= first && number < first + rows.length);
    return block?.rows[number - block.first];
  }

  #rows(block) {
    const rows = rowsOf(block, this.whole);
    this.count += rows.length;
    for (const row of rows) this.made(row);
    return rows;
  }

  /** The part of a block that comes after what is there. */
  #unknown(block) {
    const overlap = this.next ? Math.max(0, this.next.number - block.first) : 0;
    if (!overlap) return block;
    const long = block.long.filter(([i]) => i >= overlap).map(([i, ...rest]) => [i - overlap, ...rest]);
    return { first: block.first + overlap, start: this.next.at, end: block.end, lines: block.lines.slice(overlap), long };
  }

  #drop({ rows }) {
    for (const row of rows) {
      row.remove();
      leaveFold(row);
    }
    this.count -= rows.length;
  }
}
