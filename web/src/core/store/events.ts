// Events -> store. Each event is taken in once: its seq must be above that of the last one.
import type { ChangeEvent, Conversation, Id, Me, Message, MyPart, Participant, Reaction, Team, User } from '../api/types';
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

type Handler = (store: Store, event: ChangeEvent, needs: Needs) => void;
const data = <T>(event: ChangeEvent) => event.data as T;

const handlers: Record<string, Handler> = {
  'message.posted': posted,
  'message.edited': changed,
  'message.deleted': deleted,
  'message.reacted': reacted,
  'message.pinned': pinned,
  'conversation.opened': opened,
  'conversation.updated': (store, event) => store.changeConversation(event.conversation_id!, data<{ changes: Partial<Conversation> }>(event).changes),
  'participant.added': participants,
  'participant.removed': removed,
  'participant.updated': participants,
  read: (store, event) => position(store, event.conversation_id!, data<{ person_id: Id }>(event)),
  delivered: (store, event) => position(store, event.conversation_id!, data<{ person_id: Id }>(event)),
  acknowledged: acknowledged,
  'me.conversation': (store, event) => store.changeMine(event.conversation_id!, data<{ me: MyPart }>(event).me),
  'draft.saved': (store, event) => {
    const { body } = data<{ body: string }>(event);
    // What the server said when the conversation was fetched holds no longer; those of other modes are known from themselves.
    if (store.conversation(event.conversation_id!)?.me.draft !== (body !== '')) store.changeMine(event.conversation_id!, { draft: body !== '' });
  },
  'me.updated': (store, event) => mine(store, event),
  'user.updated': (store, event) => user(store, data<{ user: User }>(event).user),
  'contact.updated': (store, event) => {
    const { contact } = data<{ contact: { id: Id; name: string; avatar_url: string | null } }>(event);
    if (contact) store.renewPerson({ id: contact.id, kind: 'contact', name: contact.name, avatar_url: contact.avatar_url ?? null });
  },
  'team.updated': (store, event) => {
    const { team, deleted } = data<{ team: Team; deleted?: boolean }>(event);
    if (team && deleted) store.dropTeam(team.id);
    else if (team) store.putTeams([team]);
  },
  'history.imported': (_store, event, needs) => {
    for (const id of data<{ conversation_ids: Id[] }>(event).conversation_ids ?? []) needs.conversation(id);
  },
  'history.purged': (store, event, needs) => {
    const { conversation_ids, before } = data<{ conversation_ids: Id[]; before: string }>(event);
    for (const id of conversation_ids) {
      store.purge(id, before);
      needs.conversation(id);
    }
  },
};

/** Whether the store has not taken in this event. One that is ephemeral (presence, typing) never is. */
export const isFresh = (store: Store, event: ChangeEvent): event is ChangeEvent & { seq: number } => event.seq !== undefined && event.seq > store.seq;

/** Takes in one event, once; false when there was nothing to take in. */
export function apply(store: Store, event: ChangeEvent, needs: Needs): boolean {
  if (!isFresh(store, event)) return false;
  store.seq = event.seq;
  store.emitter.batch(() => handlers[event.type]?.(store, event, needs));
  return true;
}

function posted(store: Store, event: ChangeEvent, needs: Needs): void {
  const { message } = data<{ message: Message }>(event);
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
  const { id, seq, author, kind, is_private_note, created_at, body, system, deleted_at } = message;
  return { id, seq, author, kind, is_private_note, created_at, system, deleted: deleted_at !== null, preview: plain(body) };
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

function changed(store: Store, event: ChangeEvent): void {
  const message = withMine(store, data<{ message: Message }>(event).message);
  if (store.message(message.conversation_id, message.id)) store.putMessage(message);
  store.requote(message.id, plain(message.body) || (message.attachments?.[0]?.name ?? ''), message.deleted_at !== null);
  const conversation = store.conversation(message.conversation_id);
  if (conversation?.last_message?.id === message.id) store.changeConversation(conversation.id, { last_message: lastMessage(message) });
}

function deleted(store: Store, event: ChangeEvent, needs: Needs): void {
  const { message } = data<{ message: Message }>(event);
  const old = store.message(message.conversation_id, message.id);
  changed(store, event);
  if (message.thread_root_id) needs.message(message.thread_root_id);
  const conversation = store.conversation(message.conversation_id);
  if (!conversation || !counts(store, conversation, { ...message, deleted_at: null })) return;
  const { me } = conversation;
  const mention = mentionsMe(store, old ?? message) ? 1 : 0;
  store.changeMine(message.conversation_id, { unread: Math.max(0, me.unread - 1), mentions: Math.max(0, me.mentions - mention) });
}

function reacted(store: Store, event: ChangeEvent): void {
  const { message_id, emoji, user_id, added } = data<{ message_id: Id; emoji: string; user_id: Id; added: boolean }>(event);
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

function pinned(store: Store, event: ChangeEvent): void {
  const { message_id, pinned_at } = data<{ message_id: Id; pinned_at: string | null }>(event);
  store.changeMessage(message_id, (message) => ({ ...message, pinned_at }));
  const conversation = store.conversation(event.conversation_id!);
  if (conversation) store.changeConversation(conversation.id, { pinned_count: Math.max(0, conversation.pinned_count + (pinned_at ? 1 : -1)) });
}

function opened(store: Store, event: ChangeEvent, needs: Needs): void {
  const { conversation } = data<{ conversation: Omit<Conversation, 'me'> }>(event);
  const old = store.conversation(conversation.id);
  if (old) store.putConversation({ ...conversation, me: old.me });
  else needs.conversation(conversation.id);
}

function participants(store: Store, event: ChangeEvent, needs: Needs): void {
  const id = event.conversation_id!;
  const { participants: changedOnes, members_count } = data<{ participants: Participant[]; members_count?: number }>(event);
  const old = store.conversation(id);
  store.putParticipants(id, changedOnes);
  if (members_count !== undefined) store.changeConversation(id, { members_count });
  if (!old || changedOnes.some((part) => part.person.id === store.me?.id)) needs.conversation(id);
}

function removed(store: Store, event: ChangeEvent, needs: Needs): void {
  const id = event.conversation_id!;
  const { participants: gone, members_count } = data<{ participants: Participant[]; members_count?: number }>(event);
  const old = store.conversation(id);
  store.putParticipants(id, gone.map((part) => ({ ...part, left_at: part.left_at ?? event.at })));
  if (old) store.changeConversation(id, { members_count: members_count ?? Math.max(0, old.members_count - gone.length) });
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

function acknowledged(store: Store, event: ChangeEvent): void {
  const { person_id, acknowledged_at } = data<{ person_id: Id; acknowledged_at: string }>(event);
  if (person_id === store.me?.id) store.changeMine(event.conversation_id!, { acknowledged_at });
  store.emitter.changed(`acks:${event.conversation_id}`);
}

function mine(store: Store, event: ChangeEvent): void {
  const fresh = data<{ user?: Partial<Me>; me?: Partial<Me>; profile?: Partial<Me> }>(event);
  if (!store.me) return;
  // A User lists roles and teams as ids only: keep the named ones.
  const { roles: _roles, teams: _teams, stores: _stores, ...plainFields } = { ...fresh.user };
  store.setMe({ ...store.me, ...plainFields, ...fresh.me, ...fresh.profile } as Me);
}

function user(store: Store, fresh: User | undefined): void {
  if (!fresh) return;
  const { id, kind, name, avatar_url } = fresh;
  const { me } = store;
  if (me?.id === id && (me.name !== name || me.avatar_url !== avatar_url)) store.setMe({ ...me, name, avatar_url });
  store.renewPerson({ id, kind, name, avatar_url });
}
