// Loads messages into the store: opening at the first unread one, older and newer pages, threads.
import { getThread, listMessages, type Client, type Conversation, type Id, type Message } from '../api';
import { withMine } from '../store/events';
import type { Store } from '../store/store';
import type { Cache } from './cache';

const PAGE = 50;

export class Timelines {
  #busy = new Set<string>();

  /** Without a cache, what is not loaded is not shown. */
  constructor(private readonly client: Client, private readonly store: Store, private readonly cache?: Cache) {}

  /** Loads around `seq`, or the newest messages. What the browser kept is shown meanwhile. */
  async open(id: Id, seq?: number): Promise<void> {
    const { store, cache } = this;
    if (!store.timeline(id)) await cache?.timeline(id).catch(() => {});
    const page = await listMessages(this.client, id, seq === undefined ? { limit: PAGE } : { around: seq, limit: PAGE });
    store.putPage(id, { ...page, items: page.items.map((message) => withMine(store, message)) }, 'around');
    cache?.changed(id);
  }

  async older(id: Id): Promise<void> {
    const timeline = this.store.timeline(id);
    const first = timeline?.items[0];
    if (!first || !timeline.hasBefore) return;
    await this.#once(`before:${id}`, async () => this.#put(id, await listMessages(this.client, id, { before: first.seq, limit: PAGE }), 'before'));
  }

  async newer(id: Id): Promise<void> {
    const timeline = this.store.timeline(id);
    const last = timeline?.items[timeline.items.length - 1];
    if (!last || !timeline.hasAfter) return;
    await this.#once(`after:${id}`, async () => this.#put(id, await listMessages(this.client, id, { after: last.seq, limit: PAGE }), 'after'));
  }

  #put(id: Id, page: { items: Message[]; has_before: boolean; has_after: boolean }, at: 'before' | 'after'): void {
    const { store } = this;
    store.putPage(id, { ...page, items: page.items.map((message) => withMine(store, message)) }, at);
  }

  async #once(key: string, work: () => Promise<void>): Promise<void> {
    if (this.#busy.has(key)) return;
    this.#busy.add(key);
    try {
      await work();
    } finally {
      this.#busy.delete(key);
    }
  }
}

/** The replies of one message, with it. */
export async function loadThread(client: Client, store: Store, root: Message): Promise<void> {
  const { items } = await getThread(client, root.id);
  const all = items.some((message) => message.id === root.id) ? items : [root, ...items];
  store.putPage(root.id, { items: all.map((message) => withMine(store, message)), has_before: false, has_after: false }, 'around');
}

/** Where a conversation opens: at the first unread message, if there is one. */
export function firstUnread(conversation: Conversation): number | undefined {
  const { unread, last_read_seq } = conversation.me;
  return unread > 0 && last_read_seq < conversation.last_seq ? last_read_seq + 1 : undefined;
}

/** The seq of the first message that is not older than `at`, else of the newest. Some seqs may have no message that I see. */
export async function seqAt(at: Date, lastSeq: number, look: (seq: number) => Promise<{ items: Message[] }>): Promise<number | null> {
  let [low, high] = [1, lastSeq];
  let best: number | null = null;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = (await look(middle)).items[0];
    if (!found) break;
    const late = Date.parse(found.created_at) >= at.getTime();
    if (late) best = found.seq;
    if (late) high = Math.min(middle, found.seq) - 1;
    else low = Math.max(middle, found.seq) + 1;
  }
  return best ?? (lastSeq || null);
}
