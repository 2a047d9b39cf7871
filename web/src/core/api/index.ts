// The operations of the native API that the inbox uses, one line each.
import { call, type Query } from './client';
import type {
  Acks, Attachment, Contact, Conversation, ConversationChanges, Draft, HistoryEntry, Id, Me, Message, MessagePage, MyPart, NewConversation, NewMessage,
  Notify, Page, Participant, Presence, Reader, SearchHit, Snapshot, Store, Team, User,
} from './types';

export * from './types';
export { ApiError, served, server, signals } from './client';

const get = <T>(path: string, query?: Query, signal?: AbortSignal) => call<T>('GET', path, { query, signal });
const post = <T>(path: string, body?: unknown) => call<T>('POST', path, { body: body ?? {} });
const patch = <T>(path: string, body: unknown) => call<T>('PATCH', path, { body });
const put = <T>(path: string, body?: unknown) => call<T>('PUT', path, body === undefined ? {} : { body });
const remove = <T>(path: string, query?: Query) => call<T>('DELETE', path, { query });

/** Browsers let 64 KB go out from a page that is being left. */
const LEAVING = 15_000;
const of = (id: Id) => `/conversations/${encodeURIComponent(id)}`;
const message = (id: Id) => `/messages/${encodeURIComponent(id)}`;
const reaction = (id: Id, emoji: string) => `${message(id)}/reactions/${encodeURIComponent(emoji)}`;

export interface ListQuery extends Query { kind?: string; status?: string; unread?: boolean; mine?: boolean; joinable?: boolean; search?: string; limit?: number; after?: string }
export interface Position { before?: number; after?: number; around?: number; limit?: number }
export interface SearchQuery extends Query { q: string; kind?: string; conversation_id?: Id; author_id?: Id; before?: string; after?: string; has?: string; limit?: number; cursor?: string }

export const api = {
  setupNeeded: () => get<{ needed: boolean }>('/setup'),
  setup: (body: { code: string; name: string; email: string; password: string }) => post<{ me?: Me }>('/setup', body),
  signIn: (body: { email: string; password: string } | { token: string; replace?: boolean; expects?: Id }) => post<{ me: Me }>('/sessions', body),
  signOut: () => remove<void>('/sessions/current'),
  me: () => get<Me>('/me'),
  saveMe: (body: { name?: string; locale?: string; time_zone?: string; preferences?: Record<string, unknown> }) => patch<Me>('/me', body),
  snapshot: () => get<Snapshot>('/snapshot'),

  conversations: (query: ListQuery, signal?: AbortSignal) => get<Page<Conversation>>('/conversations', query, signal),
  conversation: (id: Id) => get<Conversation>(of(id)),
  open: (body: NewConversation) => post<Conversation>('/conversations', body),
  change: (id: Id, body: ConversationChanges) => patch<Conversation>(of(id), body),
  changeMine: (id: Id, body: { muted?: boolean; notify?: Notify }) => patch<MyPart>(`${of(id)}/me`, body),
  join: (id: Id) => post<unknown>(`${of(id)}/join`),
  acknowledge: (id: Id) => post<unknown>(`${of(id)}/ack`),
  acks: (id: Id, after?: string) => get<Acks>(`${of(id)}/acks`, { after }),
  participants: (id: Id, after?: string) => get<Page<Participant>>(`${of(id)}/participants`, { limit: 200, after }),
  addParticipants: (id: Id, userIds: Id[]) => post<unknown>(`${of(id)}/participants`, { user_ids: userIds }),
  setRole: (id: Id, person: Id, role: Participant['role']) => patch<unknown>(`${of(id)}/participants/${person}`, { role }),
  removeParticipant: (id: Id, person: Id | 'me') => remove<unknown>(`${of(id)}/participants/${person}`),

  messages: (id: Id, at: Position) => get<MessagePage>(`${of(id)}/messages`, { limit: 50, ...at }),
  post: (id: Id, body: NewMessage) => post<Message>(`${of(id)}/messages`, body),
  read: (id: Id, seq?: number) => post<{ unread: number; mentions: number; last_read_seq: number }>(`${of(id)}/read`, { seq }),
  delivered: (id: Id, seq: number) => post<unknown>(`${of(id)}/delivered`, { seq }),
  markUnread: (id: Id, seq: number) => post<unknown>(`${of(id)}/unread`, { seq }),
  presence: () => get<{ items: Presence[] }>('/presence'),
  viewers: (id: Id) => get<{ items: Id[] }>(`${of(id)}/viewers`),
  say: (body: { busy: boolean; text: string | null; text_until: string | null }) => put<Pick<Presence, 'busy' | 'text' | 'text_until'>>('/me/presence', body),
  typing: (id: Id, body: { typing: boolean; is_private_note: boolean }) => post<void>(`${of(id)}/typing`, body),
  happened: (id: Id, before?: number) => get<MessagePage>(`${of(id)}/history`, { before }),
  pins: (id: Id) => get<Page<Message>>(`${of(id)}/pins`),
  drafts: () => get<Page<Draft>>('/drafts'),
  saveDraft: (id: Id, mode: string, body: string) => call<unknown>('PUT', `${of(id)}/draft`, { body: { mode, body }, keepalive: body.length < LEAVING }),
  describeFile: (id: Id, description: string) => patch<Attachment>(`/files/${id}`, { description }),
  dropDraft: (id: Id, mode: string) => call<unknown>('DELETE', `${of(id)}/draft`, { query: { mode }, keepalive: true }),

  message: (id: Id) => get<Message>(message(id)),
  edit: (id: Id, body: string) => patch<Message>(message(id), { body }),
  deleteMessage: (id: Id) => call<unknown>('DELETE', message(id), { keepalive: true }),
  history: (id: Id) => get<Page<HistoryEntry>>(`${message(id)}/history`),
  thread: (id: Id) => get<Page<Message> & { root?: Message }>(`${message(id)}/thread`),
  readers: (id: Id) => get<Page<Reader>>(`${message(id)}/readers`),
  pin: (id: Id) => put<unknown>(`${message(id)}/pin`),
  unpin: (id: Id) => remove<unknown>(`${message(id)}/pin`),
  react: (id: Id, emoji: string) => put<unknown>(reaction(id, emoji)),
  unreact: (id: Id, emoji: string) => remove<unknown>(reaction(id, emoji)),

  users: (query: { search?: string; external_id?: string; writable?: boolean; active?: boolean; limit?: number; after?: string }, signal?: AbortSignal) =>
    get<Page<User>>('/users', query, signal),
  user: (id: Id) => get<User>(`/users/${encodeURIComponent(id)}`),
  contacts: (query: { search?: string; limit?: number }, signal?: AbortSignal) => get<Page<Contact>>('/contacts', query, signal),
  contact: (id: Id) => get<Contact>(`/contacts/${id}`),
  teams: () => get<Page<Team>>('/teams'),
  stores: (query: { search?: string; limit?: number } = {}) => get<Page<Store>>('/stores', query),
  fileLink: (id: Id) => get<{ url: string; expires_at: string }>(`/files/${encodeURIComponent(id)}/link`),
  search: (query: SearchQuery, signal?: AbortSignal) => get<Page<SearchHit>>('/search', query, signal),
};
