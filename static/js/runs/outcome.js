/** The line above the table that says how far a change has come, what came of it, and that takes it back. */

import { keep, kept } from "../shared/kept.js";

/** Where a tab keeps what can be undone, which survives a reload, and for how long: the recycle bin has deleted runs for longer. */
const [PLACE, STORAGE, LASTS] = ["runicorn.back", "sessionStorage", 600_000];

export class Outcome {
  /** `root` contains a text, a progress bar, and the buttons undo and dismiss; undo calls `undo(way)`. */
  constructor(root, undo) {
    this.root = root;
    [this.words, this.bar, this.undo, this.dismiss] = root.children;
    this.undo.addEventListener("click", () => undo(this.back));
    this.dismiss.addEventListener("click", () => {
      root.hidden = true;
      keep(PLACE, null, STORAGE);
    });
    const before = kept(PLACE, STORAGE);
    if (before?.until > Date.now()) this.#show(before);
  }

  /** A sentence, with a bar as long as not all is done. */
  say(text, done, total) {
    this.root.hidden = false;
    this.root.classList.remove("failed");
    this.words.textContent = text;
    this.bar.hidden = done === total;
    this.bar.max = total;
    this.bar.value = done;
    this.undo.hidden = true;
    this.dismiss.hidden = done !== total;
  }

  /**
   * What came of it: {text, failed, back}; `failed` where it was not all that was asked for, `back` is the way back
   * ([action, tag, run ids]) or null, and outlives the page.
   */
  tell(told) {
    keep(PLACE, told.back ? { ...told, until: Date.now() + LASTS } : null, STORAGE);
    this.#show(told);
  }

  #show({ text, failed, back }) {
    this.say(text, 1, 1);
    this.root.classList.toggle("failed", failed);
    this.back = back;
    this.undo.hidden = !back;
  }
}
