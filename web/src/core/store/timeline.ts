// The loaded part of one conversation (or of one thread): messages without gaps, ascending by seq.
import type { Message, MessagePage } from '../api/shapes';

export interface Timeline {
  items: readonly Message[];
  hasBefore: boolean;
  hasAfter: boolean;
  /** Loaded before a reset: to be shown until it is fetched anew. */
  stale: boolean;
}

export type PageAt = 'around' | 'before' | 'after';

const bySeq = (a: Message, b: Message) => a.seq - b.seq;

/** Messages of both, the later list winning where an id is in both. */
export function merge(old: readonly Message[], fresh: readonly Message[]): Message[] {
  const byId = new Map(old.map((message) => [message.id, message]));
  for (const message of fresh) byId.set(message.id, message);
  return [...byId.values()].sort(bySeq);
}

export function withPage(old: Timeline | undefined, page: MessagePage, at: PageAt): Timeline {
  if (!old || at === 'around') {
    return { items: [...page.items].sort(bySeq), hasBefore: page.has_before, hasAfter: page.has_after, stale: false };
  }
  return {
    items: merge(old.items, page.items),
    hasBefore: at === 'before' ? page.has_before : old.hasBefore,
    hasAfter: at === 'after' ? page.has_after : old.hasAfter,
    stale: false,
  };
}

/** Takes in a message that was posted or changed. One that lies beyond the loaded part is left for later paging. */
export function withMessage(old: Timeline, message: Message): Timeline {
  const known = old.items.some((item) => item.id === message.id);
  const last = old.items[old.items.length - 1];
  const first = old.items[0];
  if (!known && old.hasAfter && (!last || message.seq > last.seq)) return old;
  if (!known && old.hasBefore && first && message.seq < first.seq) return old;
  return { ...old, items: merge(old.items, [message]) };
}

export function withChange(old: Timeline, id: string, change: (message: Message) => Message): Timeline {
  const index = old.items.findIndex((item) => item.id === id);
  if (index < 0) return old;
  const items = [...old.items];
  items[index] = change(items[index]!);
  return { ...old, items };
}
