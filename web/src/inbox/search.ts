// From what was typed to a question for the server: names become people and conversations.
import { listConversations, listUsers, type Id, type SearchQuery } from '$core/api';
import { folded } from '$core/text/names';
import { asked, type Asked } from '$core/text/searchQuery';
import { client, session } from './live';
import { nameOf } from './list/list.svelte';

export interface Unknown { operator: 'from' | 'in'; value: string }

async function personNamed(name: string, signal: AbortSignal): Promise<Id | null> {
  const { store } = session();
  const wanted = folded(name);
  if (wanted === 'me') return store.me!.id;
  const known = store.people().filter((one) => one.kind !== 'system');
  const exact = known.find((one) => folded(one.name) === wanted) ?? known.find((one) => folded(one.name).split(/\s+/)[0] === wanted);
  if (exact) return exact.id;
  const { items } = await listUsers(client, { search: name, limit: 5 }, signal);
  return items[0]?.id ?? known.find((one) => folded(one.name).includes(wanted))?.id ?? null;
}

const KINDS: Record<string, string> = {
  support: 'support', tickets: 'ticket', ticket: 'ticket', direct: 'direct', dm: 'direct', dms: 'direct', groups: 'group', channels: 'channel', team: 'channel',
  announcements: 'announcement,broadcast', threads: 'admin_store,store_customer,admin_customer',
};

async function placeNamed(name: string, signal: AbortSignal): Promise<{ kind: string } | { conversation_id: Id } | null> {
  const wanted = folded(name);
  if (KINDS[wanted]) return { kind: KINDS[wanted]! };
  const list = session().store.list();
  const names = (one: (typeof list)[number]) => [one.slug, one.number, nameOf(one)].map((text) => folded(text ?? ''));
  const found = list.find((one) => names(one).includes(wanted)) ?? list.find((one) => names(one).some((text) => text.includes(wanted)));
  if (found) return { conversation_id: found.id };
  const { items } = await listConversations(client, { search: name, limit: 1 }, signal);
  return items[0] ? { conversation_id: items[0].id } : null;
}

/** The question, or the name that nobody and nothing has. */
export async function questionOf(text: string, within: Id | undefined, signal: AbortSignal): Promise<{ query: SearchQuery } | { unknown: Unknown }> {
  const wish: Asked = asked(text);
  const query: SearchQuery = { q: wish.words, conversation_id: within, has: wish.has, before: wish.before?.toISOString(), after: wish.after?.toISOString() };
  if (wish.from) {
    const author = await personNamed(wish.from, signal);
    if (!author) return { unknown: { operator: 'from', value: wish.from } };
    query.author_id = author;
  }
  if (wish.in) {
    const place = await placeNamed(wish.in, signal);
    if (!place) return { unknown: { operator: 'in', value: wish.in } };
    Object.assign(query, place);
  }
  return { query };
}
