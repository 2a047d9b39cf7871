// Events -> store. Each event is taken in once: its seq must be above that of the last one.
import type { ChangeEvent, Contact, Conversation, Id, Message, MyPart, Participant, Reaction, User } from '../api/shapes';
import { takesPart } from './kinds';
import { plain } from '../text/plain';
import type { Store } from './store';

/** What an event asks for that only the server can answer. */
export interface Needs {
  conversation(id: Id): void;
  message(id: Id): void;
  refused(id: Id): void;
  arrived(message: Message): void;
}

type Kept = Extract<ChangeEvent, { seq: number }>;
type Of<Type extends ChangeEvent['type']> = Extract<ChangeEvent, { type: Type }>;

/** What each kind changes. One that is not here does not compile; one of a newer server changes nothing. */
function take(store: Store, event: ChangeEvent, needs: Needs): void {
  switch (event.type) {
    case 'message.posted': return posted(store, event.data.message, needs);
    case 'message.edited': return changed(store, event.data.message);
    case 'message.deleted': return deleted(store, event.data.message, needs);
    case 'message.reacted': return reacted(store, event.data);
    case 'message.pinned': return pinned(store, event);
    case 'conversation.opened': return opened(store, event.data.conversation, needs);
    case 'conversation.updated': return store.changeConversation(event.conversation_id, event.data.changes);
    case 'participant.added':
    case 'participant.updated': return participants(store, event, needs);
    case 'participant.removed': return removed(store, event, needs);
    case 'read':
    case 'delivered': return position(store, event.conversation_id, event.data);
    case 'acknowledged': return acknowledged(store, event);
    case 'me.conversation': return store.changeMine(event.conversation_id, event.data.me);
    case 'draft.saved': return drafted(store, event);
    case 'me.updated': return mine(store, event.data.profile);
    case 'user.updated': return user(store, event.data.user);
    case 'contact.updated': return contact(store, event.data.contact);
    case 'team.updated': return event.data.deleted ? store.dropTeam(event.data.team.id) : store.putTeams([event.data.team]);
    case 'history.imported': return event.data.conversation_ids.forEach((id) => needs.conversation(id));
    case 'history.purged': return purged(store, event.data, needs);
    // What others hold (presence, notifications) and what is fetched where it is shown.
    case 'status.updated':
    case 'role.updated':
    case 'store.updated':
    case 'settings.updated':
    case 'notification.created':
    case 'notification.updated':
    case 'presence':
    case 'typing':
    case 'viewing': return;
    default: event satisfies never;
  }
}

/** Whether the store has not taken in this event. One that is ephemeral (presence, typing) never is. */
export const isFresh = (store: Store, event: ChangeEvent): event is Kept => 'seq' in event && event.seq > store.seq;

/** Takes in one event, once; false when there was nothing to take in. */
export function apply(store: Store, event: ChangeEvent, needs: Needs): boolean {
  if (!isFresh(store, event)) return false;
  store.seq = event.seq;
  store.emitter.batch(() => take(store, event, needs));
  return true;
}

function posted(store: Store, message: Message, needs: Needs): void {
  store.putMessage(withMine(store, message));
  if (message.thread_root_id) needs.message(message.thread_root_id);
  const conversation = store.conversation(message.conversation_id);
  if (!conversation) return needs.conversation(message.conversation_id);
  if (message.seq > conversation.last_seq) {
    store.changeConversation(conversation.id, {
      last_seq: message.seq,
      last_activity_at: message.created_at,
      last_message: lastMessage(message),
      me: countedIn(store, conversation, message),
    });
    needs.arrived(message);
  }
}

function lastMessage(message: Message): Conversation['last_message'] {
  const { id, seq, author, kind, is_private_note, created_at, html, system, deleted_at } = message;
  return { id, seq, author, kind, is_private_note, created_at, system, deleted: deleted_at !== null, preview: plain(html) };
}

/** Somebody else's text counts as unread. My own counts nothing, and is read if everything before it was. */
function countedIn(store: Store, conversation: Conversation, message: Message): MyPart {
  const { me, last_seq } = conversation;
  if (message.author?.id === store.me?.id) return me.last_read_seq >= last_seq ? { ...me, last_read_seq: message.seq } : me;
  if (!counts(store, conversation, message)) return me;
  return { ...me, unread: me.unread + 1, mentions: me.mentions + (mentionsMe(store, message) ? 1 : 0) };
}

function counts(store: Store, conversation: Conversation, message: Message): boolean {
  const { me } = conversation;
  return takesPart(conversation) && message.kind === 'text' && !message.deleted_at && message.seq > me.last_read_seq && message.author?.id !== store.me?.id;
}

function mentionsMe(store: Store, message: Message): boolean {
  return message.mentions.some((mention) => mention.user_id === store.me?.id);
}

/** `mine` is not in events, because one event serves everybody. */
export function withMine(store: Store, message: Message): Message {
  const id = store.me?.id ?? '';
  return { ...message, reactions: message.reactions.map((one) => ({ ...one, mine: one.mine ?? one.users.includes(id) })) };
}

function changed(store: Store, told: Message): void {
  const message = withMine(store, told);
  if (store.message(message.conversation_id, message.id)) store.putMessage(message);
  store.requote(message.id, plain(message.html) || (message.attachments[0]?.name ?? ''), message.deleted_at !== null);
  const conversation = store.conversation(message.conversation_id);
  if (conversation?.last_message?.id === message.id) store.changeConversation(conversation.id, { last_message: lastMessage(message) });
}

function deleted(store: Store, message: Message, needs: Needs): void {
  const old = store.message(message.conversation_id, message.id);
  changed(store, message);
  if (message.thread_root_id) needs.message(message.thread_root_id);
  const conversation = store.conversation(message.conversation_id);
  if (!conversation || !counts(store, conversation, { ...message, deleted_at: null })) return;
  const { me } = conversation;
  const mention = mentionsMe(store, old ?? message) ? 1 : 0;
  store.changeMine(message.conversation_id, { unread: Math.max(0, me.unread - 1), mentions: Math.max(0, me.mentions - mention) });
}

function reacted(store: Store, { message_id, emoji, user_id, added }: Of<'message.reacted'>['data']): void {
  store.changeMessage(message_id, (message) => withReaction(message, emoji, user_id, added, store.me?.id ?? ''));
}

/** Adds or takes away one person's reaction; doing it twice changes nothing. */
export function withReaction(message: Message, emoji: string, user: Id, added: boolean, myId: Id): Message {
  const old = message.reactions.find((one) => one.emoji === emoji) ?? { emoji, count: 0, users: [], mine: false };
  if (old.users.includes(user) === added) return message;
  const users = added ? [...old.users, user] : old.users.filter((id) => id !== user);
  const fresh: Reaction = { emoji, users, count: Math.max(users.length, old.count + (added ? 1 : -1)), mine: user === myId ? added : old.mine };
  const known = message.reactions.some((one) => one.emoji === emoji);
  const reactions = known ? message.reactions.map((one) => (one.emoji === emoji ? fresh : one)) : [...message.reactions, fresh];
  return { ...message, reactions: reactions.filter((one) => one.count > 0) };
}

function pinned(store: Store, event: Of<'message.pinned'>): void {
  const { message_id, pinned_at } = event.data;
  store.changeMessage(message_id, (message) => ({ ...message, pinned_at }));
  const conversation = store.conversation(event.conversation_id!);
  if (conversation) store.changeConversation(conversation.id, { pinned_count: Math.max(0, conversation.pinned_count + (pinned_at ? 1 : -1)) });
}

function opened(store: Store, conversation: Of<'conversation.opened'>['data']['conversation'], needs: Needs): void {
  const old = store.conversation(conversation.id);
  if (old) store.putConversation({ ...conversation, me: old.me });
  else needs.conversation(conversation.id);
}

function participants(store: Store, event: Of<'participant.added' | 'participant.updated'>, needs: Needs): void {
  const id = event.conversation_id;
  const changedOnes = event.data.participants;
  const old = store.conversation(id);
  store.putParticipants(id, changedOnes);
  if ('members_count' in event.data) store.changeConversation(id, { members_count: event.data.members_count });
  if (!old || changedOnes.some((part) => part.person.id === store.me?.id)) needs.conversation(id);
}

function removed(store: Store, event: Of<'participant.removed'>, needs: Needs): void {
  const id = event.conversation_id;
  const { participants: gone, members_count } = event.data;
  store.putParticipants(id, gone.map((part) => ({ ...part, left_at: part.left_at ?? event.at })));
  store.changeConversation(id, { members_count });
  if (gone.some((part) => part.person.id === store.me?.id)) needs.refused(id);
}

function position(store: Store, id: Id, at: { person_id: Id } & Partial<Participant>): void {
  const { person_id, ...place } = at;
  const conversation = store.conversation(id);
  const part = conversation?.participants.find((one) => one.person.id === person_id);
  if (!part) return;
  const last_read_seq = Math.max(part.last_read_seq, place.last_read_seq ?? 0);
  const last_delivered_seq = Math.max(part.last_delivered_seq, place.last_delivered_seq ?? 0, last_read_seq);
  store.putParticipants(id, [{ ...part, ...place, last_read_seq, last_delivered_seq }]);
}

function acknowledged(store: Store, event: Of<'acknowledged'>): void {
  const { person_id, acknowledged_at } = event.data;
  if (person_id === store.me?.id) store.changeMine(event.conversation_id, { acknowledged_at });
  store.emitter.changed(`acks:${event.conversation_id}`);
}

function drafted(store: Store, event: Of<'draft.saved'>): void {
  const draft = event.data.body !== '';
  // What the server said when the conversation was fetched holds no longer; those of other modes are known from themselves.
  if (store.conversation(event.conversation_id)?.me.draft !== draft) store.changeMine(event.conversation_id, { draft });
}

function mine(store: Store, profile: Of<'me.updated'>['data']['profile']): void {
  if (store.me) store.setMe({ ...store.me, ...profile });
}

function user(store: Store, { id, kind, name, avatar_url }: User): void {
  const { me } = store;
  if (me?.id === id && (me.name !== name || me.avatar_url !== avatar_url)) store.setMe({ ...me, name, avatar_url });
  store.renewPerson({ id, kind, name, avatar_url });
}

function contact(store: Store, { id, name, avatar_url }: Contact): void {
  store.renewPerson({ id, kind: 'contact', name, avatar_url });
}

function purged(store: Store, { conversation_ids, before }: Of<'history.purged'>['data'], needs: Needs): void {
  for (const id of conversation_ids) {
    store.purge(id, before);
    needs.conversation(id);
  }
}
