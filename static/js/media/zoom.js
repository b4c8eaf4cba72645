/** Zoom and movement of an image in its stage, by wheel, pinch, double click and drag. */

const MOST = 16;

export class Zoom {
  constructor(stage, image) {
    this.stage = stage;
    this.image = image;
    this.pointers = new Map();
    this.reset();
  }

  reset() {
    Object.assign(this, { scale: 1, x: 0, y: 0 });
    this.#apply();
  }

  /** Zoom by a factor around a point of the window, or around the middle. */
  by(factor, clientX, clientY) {
    if (!this.image.isConnected) return;
    const box = this.stage.getBoundingClientRect();
    const before = this.scale;
    this.scale = Math.max(1, Math.min(MOST, before * factor));
    const [x, y] = [(clientX ?? box.x + box.width / 2) - box.x - box.width / 2, (clientY ?? box.y + box.height / 2) - box.y - box.height / 2];
    const change = this.scale / before;
    this.x = this.scale === 1 ? 0 : x - (x - this.x) * change;
    this.y = this.scale === 1 ? 0 : y - (y - this.y) * change;
    this.#apply();
  }

  /** Wire the stage with `on(target, name, listener)`; an image that is not zoomed calls `swiped(distance)`. */
  listen(on, swiped) {
    const { stage, pointers, image } = this;
    // Other media in the stage have pointers and wheels of their own.
    const wire = (name, act, options) => on(stage, name, (event) => image.isConnected && act(event), options);
    wire("wheel", (event) => {
      event.preventDefault();
      this.by(Math.exp(-event.deltaY / 400), event.clientX, event.clientY);
    }, { passive: false });
    wire("dblclick", (event) => (this.scale > 1 ? this.reset() : this.by(3, event.clientX, event.clientY)));
    wire("pointerdown", (event) => {
      stage.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, from: event.clientX });
    });
    wire("pointermove", (event) => this.#move(event));
    on(stage, "pointercancel", (event) => pointers.delete(event.pointerId));
    wire("pointerup", (event) => {
      const pointer = pointers.get(event.pointerId);
      const alone = pointers.size === 1;
      pointers.delete(event.pointerId);
      if (pointer && alone && this.scale === 1 && !pointer.pinched) swiped(event.clientX - pointer.from);
    });
  }

  #move(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) return;
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const before = Math.hypot(pointer.x - other.x, pointer.y - other.y);
      const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      pointer.pinched = other.pinched = true;
      this.by(after / Math.max(1, before), (event.clientX + other.x) / 2, (event.clientY + other.y) / 2);
    } else if (this.scale > 1) {
      this.x += event.clientX - pointer.x;
      this.y += event.clientY - pointer.y;
      this.#apply();
    }
    pointer.x = event.clientX;
    pointer.y = event.clientY;
  }

  #apply() {
    this.image.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    this.stage.classList.toggle("zoomed", this.scale > 1);
  }
}
