// Owns: the rest of the list of conversations. What a snapshot lacks: every unread conversation, then older ones up to a limit; more when asked.
import { listConversations, type Client, type Snapshot } from '../api';
import type { Store } from '../store/store';
import type { SessionPart } from './session';

const PAGE = 100;
const ENOUGH = 1_000;

export class ConversationPages implements SessionPart {
  /** Where the next page starts; undefined before the first snapshot, null at the end. */
  next: string | null | undefined;

  constructor(private readonly client: Client, private readonly store: Store) {}

  snapshot({ next }: Snapshot): void {
    this.next = next;
    this.store.emitter.changed('next');
    void this.#complete();
  }

  async #complete(): Promise<void> {
    try {
      if (this.next === null) return;
      await this.#unread();
      while (this.next && this.store.list().length < ENOUGH) await this.more();
    } catch {
      // offline again: the next snapshot starts over
    }
  }

  async #unread(): Promise<void> {
    let after: string | null | undefined;
    do {
      const page = await listConversations(this.client, { unread: true, limit: PAGE, after: after ?? undefined });
      this.store.emitter.batch(() => page.items.forEach((one) => this.store.putConversation(one)));
      after = page.next;
    } while (after && this.store.list().length < ENOUGH * 2);
  }

  /** The next page of the list. */
  async more(): Promise<void> {
    if (!this.next) return;
    const page = await listConversations(this.client, { limit: PAGE, after: this.next });
    this.next = page.next;
    this.store.emitter.batch(() => {
      for (const one of page.items) this.store.putConversation(one);
      this.store.emitter.changed('next');
    });
  }
}
