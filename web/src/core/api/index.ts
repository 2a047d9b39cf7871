// Owns: the operations of the native API that more than the administration uses, one function each, so that a bundle has those that it calls.
// Must not know: who is signed in, and what is kept of the answers.
import type { Client, Query } from './client';
import type {
  Acks, Attachment, UploadAddress, Contact, Conversation, ConversationChange, Draft, HistoryEntry, Id, Me, Message, MessagePage, MyPart, NewConversation, NewMessage,
  Notify, Page, Presence, Reader, SearchHit, Snapshot, Store, Team, User,
} from './shapes';

export * from './shapes';
export { ApiError, Client } from './client';

/** Browsers let 64 KB go out from a page that is being left. */
const LEAVING = 15_000;
const of = (id: Id) => `/conversations/${encodeURIComponent(id)}`;
const message = (id: Id) => `/messages/${encodeURIComponent(id)}`;
const reaction = (id: Id, emoji: string) => `${message(id)}/reactions/${encodeURIComponent(emoji)}`;

export interface ListQuery extends Query { kind?: string; status?: string; unread?: boolean; mine?: boolean; joinable?: boolean; search?: string; limit?: number; after?: string }
export interface Position { before?: number; after?: number; around?: number; limit?: number }
export interface SearchQuery extends Query { q: string; kind?: string; conversation_id?: Id; author_id?: Id; before?: string; after?: string; has?: string; limit?: number; cursor?: string }

export const isSetupNeeded = (client: Client) => client.get<{ needed: boolean }>('/setup');
export const setUp = (client: Client, body: { code: string; name: string; email: string; password: string }) => client.post<{ me?: Me }>('/setup', body);
export const signIn = (client: Client, body: { email: string; password: string } | { token: string; replace?: boolean; expects?: Id }) => client.post<{ me: Me }>('/sessions', body);
export const signOut = (client: Client) => client.delete<void>('/sessions/current');
export const getMe = (client: Client) => client.get<Me>('/me');
export const updateMe = (client: Client, body: { name?: string; locale?: string; time_zone?: string; preferences?: Record<string, unknown> }) => client.patch<Me>('/me', body);
export const getSnapshot = (client: Client) => client.get<Snapshot>('/snapshot');

export const listConversations = (client: Client, query: ListQuery, signal?: AbortSignal) => client.get<Page<Conversation>>('/conversations', query, signal);
export const getConversation = (client: Client, id: Id) => client.get<Conversation>(of(id));
export const openConversation = (client: Client, body: NewConversation) => client.post<Conversation>('/conversations', body);
export const updateConversation = (client: Client, id: Id, body: ConversationChange) => client.patch<Conversation>(of(id), body);
export const updateMyState = (client: Client, id: Id, body: { muted?: boolean; notify?: Notify }) => client.patch<MyPart>(`${of(id)}/me`, body);
export const joinConversation = (client: Client, id: Id) => client.post<unknown>(`${of(id)}/join`);
export const acknowledge = (client: Client, id: Id) => client.post<unknown>(`${of(id)}/ack`);
export const listAcknowledgements = (client: Client, id: Id, after?: string) => client.get<Acks>(`${of(id)}/acks`, { after });
export const addParticipants = (client: Client, id: Id, userIds: Id[]) => client.post<unknown>(`${of(id)}/participants`, { user_ids: userIds });
export const removeParticipant = (client: Client, id: Id, person: Id | 'me') => client.delete<unknown>(`${of(id)}/participants/${person}`);

export const listMessages = (client: Client, id: Id, at: Position) => client.get<MessagePage>(`${of(id)}/messages`, { limit: 50, ...at });
export const postMessage = (client: Client, id: Id, body: NewMessage) => client.post<Message>(`${of(id)}/messages`, body);
export const markRead = (client: Client, id: Id, seq?: number) => client.post<{ unread: number; mentions: number; last_read_seq: number }>(`${of(id)}/read`, { seq });
export const markDelivered = (client: Client, id: Id, seq: number) => client.post<unknown>(`${of(id)}/delivered`, { seq });
export const markUnread = (client: Client, id: Id, seq: number) => client.post<unknown>(`${of(id)}/unread`, { seq });
export const listPresence = (client: Client) => client.get<{ items: Presence[] }>('/presence');
export const listViewers = (client: Client, id: Id) => client.get<{ items: Id[] }>(`${of(id)}/viewers`);
export const updateStatus = (client: Client, body: { busy: boolean; text: string | null; text_until: string | null }) => client.put<Pick<Presence, 'busy' | 'text' | 'text_until'>>('/me/presence', body);
export const sendTyping = (client: Client, id: Id, body: { typing: boolean; is_private_note: boolean }) => client.post<void>(`${of(id)}/typing`, body);
export const listHistory = (client: Client, id: Id, before?: number) => client.get<MessagePage>(`${of(id)}/history`, { before });
export const listPins = (client: Client, id: Id) => client.get<Page<Message>>(`${of(id)}/pins`);
export const listDrafts = (client: Client) => client.get<Page<Draft>>('/drafts');
export const saveDraft = (client: Client, id: Id, mode: string, body: string) => client.call<unknown>('PUT', `${of(id)}/draft`, { body: { mode, body }, keepalive: body.length < LEAVING });
export const askUpload = (client: Client, { name, type: content_type, size }: File) => client.post<UploadAddress>('/files/uploads', { name, content_type, size });
export const confirmUpload = (client: Client, id: Id) => client.post<Attachment>(`/files/${id}/confirm`);
export const describeFile = (client: Client, id: Id, description: string) => client.patch<Attachment>(`/files/${id}`, { description });
export const deleteDraft = (client: Client, id: Id, mode: string) => client.call<unknown>('DELETE', `${of(id)}/draft`, { query: { mode }, keepalive: true });

export const getMessage = (client: Client, id: Id) => client.get<Message>(message(id));
export const editMessage = (client: Client, id: Id, body: string) => client.patch<Message>(message(id), { body });
export const deleteMessage = (client: Client, id: Id) => client.call<unknown>('DELETE', message(id), { keepalive: true });
export const listEdits = (client: Client, id: Id) => client.get<Page<HistoryEntry>>(`${message(id)}/history`);
export const getThread = (client: Client, id: Id) => client.get<Page<Message> & { root?: Message }>(`${message(id)}/thread`);
export const listReaders = (client: Client, id: Id) => client.get<Page<Reader>>(`${message(id)}/readers`);
export const pinMessage = (client: Client, id: Id) => client.put<unknown>(`${message(id)}/pin`);
export const unpinMessage = (client: Client, id: Id) => client.delete<unknown>(`${message(id)}/pin`);
export const addReaction = (client: Client, id: Id, emoji: string) => client.put<unknown>(reaction(id, emoji));
export const removeReaction = (client: Client, id: Id, emoji: string) => client.delete<unknown>(reaction(id, emoji));

export const listUsers = (client: Client, query: { search?: string; external_id?: string; writable?: boolean; active?: boolean; limit?: number; after?: string }, signal?: AbortSignal) =>
  client.get<Page<User>>('/users', query, signal);
export const getUser = (client: Client, id: Id) => client.get<User>(`/users/${encodeURIComponent(id)}`);
export const listContacts = (client: Client, query: { search?: string; limit?: number }, signal?: AbortSignal) => client.get<Page<Contact>>('/contacts', query, signal);
export const getContact = (client: Client, id: Id) => client.get<Contact>(`/contacts/${id}`);
export const listTeams = (client: Client) => client.get<Page<Team>>('/teams');
export const listStores = (client: Client, query: { search?: string; limit?: number } = {}) => client.get<Page<Store>>('/stores', query);
export const getFileLink = (client: Client, id: Id) => client.get<{ url: string; expires_at: string }>(`/files/${encodeURIComponent(id)}/link`);
export const searchMessages = (client: Client, query: SearchQuery, signal?: AbortSignal) => client.get<Page<SearchHit>>('/search', query, signal);
