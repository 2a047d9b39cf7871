// Something whose fields a screen shows, and that says when they have changed. Knows no framework: `ui/observed.svelte.ts` ties it to one.

export class Observable {
  #listeners = new Set<() => void>();

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  protected changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
