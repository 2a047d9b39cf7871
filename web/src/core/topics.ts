// Tells listeners that a named part of the state has changed. The state itself is made of values that are replaced, never changed.

export class Topics {
  #listeners = new Map<string, Set<() => void>>();
  #held: Set<string> | null = null;

  on(topic: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(topic);
    };
  }

  changed(topic: string): void {
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
