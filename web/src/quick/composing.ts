// "Discuss" on a record of the host application: who is meant, and the record as a card.
import { ApiError, api, type Conversation, type Related } from '$core/api';
import type { Choice } from '$ui/PeoplePicker.svelte';
import type { Composing } from './options';

const UUID = /^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/i;

/** Looks each one up as a user of Parlor, then as one of the host application. */
export async function people(ids: string[]): Promise<{ known: Choice[]; missing: string[] }> {
  const wanted = [...new Set(ids.map(String))];
  const found = await Promise.all(wanted.map((id) => person(id)));
  const known = found.filter((one) => one !== null);
  return { known: known.filter((one, index) => known.findIndex(({ id }) => id === one.id) === index), missing: wanted.filter((_, index) => found[index] === null) };
}

async function person(id: string): Promise<Choice | null> {
  if (UUID.test(id)) {
    const user = await api.user(id).catch(absent);
    if (user) return user;
  }
  return (await api.users({ external_id: id, limit: 1 })).items[0] ?? null;
}

function absent(error: unknown): null {
  if (error instanceof ApiError && error.status === 404) return null;
  throw error;
}

/** The card. An address is made whole here, where it still means the page that it came from. */
export function relatedOf(context: Composing['context'], base = location.href): Related | null {
  if (!context?.type || !context.title || context.id === undefined || context.id === null) return null;
  return {
    type: String(context.type).slice(0, 60),
    id: String(context.id).slice(0, 200),
    title: String(context.title).slice(0, 300),
    url: whole(context.url, base),
    picture_url: whole(context.picture_url, base),
  };
}

/** Only what a link may be: never `javascript:`. */
export function whole(address: string | null | undefined, base: string): string | null {
  if (!address) return null;
  try {
    const url = new URL(address, base);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}

/** The direct conversation with a person: among those that are loaded, else the server looks. */
export async function directWith(list: readonly Conversation[], person: Choice): Promise<Conversation | undefined> {
  const withThem = (all: readonly Conversation[]) => all.find(({ kind, participants }) => kind === 'direct' && participants.some((part) => part.person.id === person.id));
  return withThem(list) ?? withThem((await api.conversations({ kind: 'direct', search: person.name, limit: 100 }).catch(() => ({ items: [] }))).items);
}
