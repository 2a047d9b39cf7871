// What is painted before the network answers: the list and the last messages of recent conversations, kept in IndexedDB.
import type { Conversation, Id, Me, MessagePage } from '../api';
import type { KeyValueStore } from '../store/keyValueStore';
import type { Store } from '../store/store';
import type { SessionPart } from './session';

const SAVE_AFTER = 1_500;
const CONVERSATIONS = 200;
const MESSAGES = 40;
const LAST_USER = 'parlor.user';

interface Kept { me: Me; conversations: Conversation[] }

export class Cache implements SessionPart {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dirty = new Set<Id>();

  constructor(private readonly keyValues: KeyValueStore, private readonly store: Store) {}

  async load(): Promise<void> {
    const kept = await this.keyValues.get<Kept>('cache', 'inbox');
    if (kept) this.store.restore(kept.me, kept.conversations);
  }

  /** The kept end of a conversation, shown at once and marked stale. */
  async timeline(id: Id): Promise<void> {
    const page = await this.keyValues.get<MessagePage>('cache', `timeline:${id}`);
    if (page && !this.store.timeline(id)) this.store.putStale(id, page);
  }

  changed(id?: Id): void {
    if (id) this.#dirty.add(id);
    this.#timer ??= setTimeout(() => void this.save().catch(() => {}), SAVE_AFTER);
  }

  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { me } = this.store;
    if (!me) return;
    const ids = [...this.#dirty];
    this.#dirty.clear();
    await this.keyValues.put('cache', 'inbox', { me, conversations: this.store.list().slice(0, CONVERSATIONS) } satisfies Kept);
    for (const id of ids) {
      const timeline = this.store.timeline(id);
      if (!timeline || timeline.hasAfter || timeline.stale) continue;
      const items = timeline.items.slice(-MESSAGES);
      const page = { items: [...items], has_before: timeline.hasBefore || timeline.items.length > items.length, has_after: false };
      await this.keyValues.put('cache', `timeline:${id}`, page satisfies MessagePage);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Whose data this browser holds: their database may be opened before the server is asked. */
export const lastUser = {
  get(): string | null {
    try {
      return localStorage.getItem(LAST_USER);
    } catch {
      return null;
    }
  },
  set(key: string | null): void {
    try {
      if (key) localStorage.setItem(LAST_USER, key);
      else localStorage.removeItem(LAST_USER);
    } catch {
      // private window: nothing is kept
    }
  },
};
