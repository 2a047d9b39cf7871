// Which fields a new conversation of each kind has, and how they become a request.
import type { Kind, NewConversation, Priority } from '$core/api';
import type { Prefill } from '../app.svelte';
import type { Choice } from '$ui/PeoplePicker.svelte';

export interface Form {
  people: Choice[];
  contact: Choice[];
  email: string;
  store_id: string;
  team_id: string;
  title: string;
  subject: string;
  description: string;
  priority: Priority;
  message: string;
  is_private: boolean;
  replies_enabled: boolean;
}

interface Fields {
  people?: boolean | 'optional';
  contact?: boolean;
  store?: boolean;
  team?: boolean;
  title?: boolean | 'optional';
  subject?: boolean | 'optional';
  description?: boolean;
  message?: boolean | 'optional';
  private?: boolean;
  news?: boolean;
}

export const FIELDS: Record<Kind, Fields> = {
  direct: { people: true, message: 'optional' },
  group: { people: true, title: true, message: 'optional' },
  channel: { people: 'optional', title: true, description: true, private: true },
  broadcast: { people: true, title: true, message: true, news: true },
  announcement: { title: true, message: true, news: true },
  support: { contact: true, subject: 'optional', message: true },
  ticket: { title: true, team: true, message: true },
  admin_store: { store: true, subject: true, message: true },
  store_customer: { store: true, contact: true, subject: true, message: true },
  admin_customer: { contact: true, subject: true, message: true },
};

export const emptyForm = (): Form => ({
  people: [], contact: [], email: '', store_id: '', team_id: '', title: '', subject: '', description: '', priority: 'normal', message: '', is_private: false,
  replies_enabled: false,
});

/** What the caller knows already. A direct conversation has no subject. */
export function filled(kind: Kind, { people = [], subject = '', message = '' }: Prefill): Form {
  return { ...emptyForm(), people: kind === 'direct' ? people.slice(0, 1) : people, message, [FIELDS[kind].title ? 'title' : 'subject']: subject };
}

/** The names of the required fields that are still empty. */
export function missing(kind: Kind, form: Form): string[] {
  const fields = FIELDS[kind];
  const checks: [keyof Fields, string, boolean][] = [
    ['people', 'people', form.people.length === 0], ['contact', 'contact', form.contact.length === 0], ['store', 'store', !form.store_id],
    ['title', 'title', !form.title.trim()], ['subject', 'subject', !form.subject.trim()], ['message', 'message', !form.message.trim()],
  ];
  return checks.flatMap(([field, name, empty]) => (fields[field] === true && empty ? [name] : []));
}

export function toRequest(kind: Kind, form: Form, clientId: string, { related, linked }: Prefill = {}): NewConversation {
  const fields = FIELDS[kind];
  const text = (value: string) => value.trim() || undefined;
  const request: NewConversation = { kind, client_id: clientId };
  if (fields.people && form.people.length) request.user_ids = form.people.map((one) => one.id);
  const contact = form.contact[0];
  if (fields.contact && contact) {
    if (contact.id) request.contact_id = contact.id;
    else request.contact = { name: contact.name, email: text(form.email) };
  }
  if (fields.store) request.store_id = form.store_id;
  if (fields.title) request.title = text(form.title);
  if (fields.subject) request.subject = text(form.subject);
  if (fields.description) request.description = text(form.description);
  if (fields.private) request.is_private = form.is_private;
  if (fields.news) request.replies_enabled = form.replies_enabled;
  if (fields.team) Object.assign(request, { team_id: text(form.team_id), priority: form.priority });
  if (kind === 'channel') request.slug = slugOf(form.title);
  const body = text(form.message);
  if (fields.message && body) request.message = { body, client_id: clientId, ...(related ? { related } : {}) };
  if (related && kind !== 'direct') request.related = related;
  if (linked && kind === 'ticket') request.linked_conversation_id = linked.id;
  return request;
}

export function slugOf(title: string): string | undefined {
  const slug = title.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60);
  return slug || undefined;
}
