// Something counts as read when it has been on screen for a second while the window had the focus.

const LONG_ENOUGH = 1_000;

export class ReadMarker {
  readonly #lastVisible: () => number;
  readonly #seen: (seq: number) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #done = 0;

  constructor(lastVisible: () => number, seen: (seq: number) => void) {
    this.#lastVisible = lastVisible;
    this.#seen = seen;
  }

  /** Something may have come into view. */
  look(): void {
    if (this.#timer !== undefined || !attentive()) return;
    const start = this.#lastVisible();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const end = this.#lastVisible();
      const both = start === 0 ? 0 : Math.min(start, end);
      if (attentive() && both > this.#done) {
        this.#done = both;
        this.#seen(both);
      }
      if (end > this.#done) this.look();
    }, LONG_ENOUGH);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

const attentive = () => document.visibilityState === 'visible' && document.hasFocus();
