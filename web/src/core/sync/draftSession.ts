// Owns: a conversation that a "Discuss" button begins: to whom, about which record, with which words. What comes from outside is cut and
// checked here.
// Must not know: the screen on which it is written.
import { ApiError, getUser, listConversations, listUsers, type Client, type Conversation, type Related, type User } from '../api';
import { safeUrl } from '../text/links';

/** A record as the page of a host application describes it. */
export interface RecordOfHost { type: string; id: string | number; title: string; url?: string | null; picture_url?: string | null }
export interface DraftRequest { to: string[]; text: string; subject: string; related: Related | null }

const LONGEST = { type: 40, id: 80, title: 200, text: 4_000, to: 20 };

/** Of the address `/app/compose?…`. */
/** What the server takes as the picture of a card. */
const secure = (url: string | null) => (/^https:/.test(url!) ? url : null);

export function draftRequestOf(query: string): DraftRequest {
  const params = new URLSearchParams(query);
  const take = (name: keyof typeof LONGEST) => (params.get(name) ?? '').trim().slice(0, LONGEST[name]);
  const to = params.getAll('to').flatMap((one) => one.split(',')).map((one) => one.trim()).filter(Boolean).slice(0, LONGEST.to);
  const [type, id, title] = [take('type'), take('id'), take('title')];
  const related = type && (id || title) ? { type, id: id || title, title: title || id, url: safeUrl(params.get('url')), picture_url: secure(params.get('picture')) } : null;
  return { to: [...new Set(to)], text: take('text'), subject: (params.get('subject') ?? '').trim().slice(0, 200), related };
}

const UUID = /^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/i;

/** Looks each one up as a user of Parlor, then as one of the host application. */
export async function findPeople(client: Client, ids: string[]): Promise<{ known: User[]; missing: string[] }> {
  const wanted = [...new Set(ids.map(String))];
  const found = await Promise.all(wanted.map((id) => person(client, id)));
  const known = found.filter((one) => one !== null);
  return { known: known.filter((one, index) => known.findIndex(({ id }) => id === one.id) === index), missing: wanted.filter((_, index) => found[index] === null) };
}

async function person(client: Client, id: string): Promise<User | null> {
  if (UUID.test(id)) {
    const user = await getUser(client, id).catch(absent);
    if (user) return user;
  }
  return (await listUsers(client, { external_id: id, limit: 1 })).items[0] ?? null;
}

function absent(error: unknown): null {
  if (error instanceof ApiError && error.status === 404) return null;
  throw error;
}

/** The card. An address is made whole here, where it still means the page that it came from. */
export function relatedOf(context: RecordOfHost | undefined, base = location.href): Related | null {
  if (!context?.type || !context.title || context.id === undefined || context.id === null) return null;
  return {
    type: String(context.type).slice(0, 60),
    id: String(context.id).slice(0, 200),
    title: String(context.title).slice(0, 300),
    url: whole(context.url, base),
    picture_url: secure(whole(context.picture_url, base)),
  };
}

/** Only what a link may be: never `javascript:`. */
export function whole(address: string | null | undefined, base: string): string | null {
  if (!address) return null;
  try {
    const { href } = new URL(address, base);
    return /^https?:/.test(href) ? href : null;
  } catch {
    return null;
  }
}

/** The direct conversation with a person: among those that are loaded, else the server looks. */
export async function directWith(client: Client, list: readonly Conversation[], person: User): Promise<Conversation | undefined> {
  const withThem = (all: readonly Conversation[]) => all.find(({ kind, participants }) => kind === 'direct' && participants.some((part) => part.person.id === person.id));
  return withThem(list) ?? withThem((await listConversations(client, { kind: 'direct', search: person.name, limit: 100 }).catch(() => ({ items: [] }))).items);
}
