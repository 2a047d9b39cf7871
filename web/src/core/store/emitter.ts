// Owns: telling listeners that a named part of the state has changed. The state itself is made of values that are replaced, never changed.
// Must not know: what the parts are (topics.ts).

export class Emitter<Topic extends string> {
  #listeners = new Map<Topic, Set<() => void>>();
  #held: Set<Topic> | null = null;

  on(topic: Topic, listener: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(topic);
    };
  }

  changed(topic: Topic): void {
    if (this.#held) this.#held.add(topic);
    else for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener();
  }

  /** Runs `work` and tells each changed topic once, afterwards. */
  batch<T>(work: () => T): T {
    if (this.#held) return work();
    this.#held = new Set();
    try {
      return work();
    } finally {
      const topics = this.#held;
      this.#held = null;
      for (const topic of topics) this.changed(topic);
    }
  }
}
