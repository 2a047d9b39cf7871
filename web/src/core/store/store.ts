// Everything the client knows, normalised by id. Values are replaced when they change, so that `===` tells whether something did.
import type { Conversation, Id, Me, Message, MessagePage, MyPart, Participant, Person, Snapshot, Team } from '../api/shapes';
import { Emitter } from './emitter';
import type { Topic } from './topics';
import { withChange, withMessage, withPage, type PageAt, type Timeline } from './timeline';

export interface Counts { unread: number; mentions: number; conversations: number; unmuted: number }

export class Store {
  readonly emitter = new Emitter<Topic>();
  /** The seq of the newest event taken in. */
  seq = 0;
  me: Me | null = null;
  readonly #conversations = new Map<Id, Conversation>();
  /** By conversation id, and by the id of its root for a thread. */
  readonly #timelines = new Map<Id, Timeline>();
  readonly #people = new Map<Id, Person>();
  readonly #teams = new Map<Id, Team>();
  #sorted: readonly Conversation[] | null = null;

  conversation(id: Id): Conversation | undefined {
    return this.#conversations.get(id);
  }

  timeline(id: Id): Timeline | undefined {
    return this.#timelines.get(id);
  }

  person(id: Id): Person | undefined {
    return this.#people.get(id);
  }

  people(): Person[] {
    return [...this.#people.values()];
  }

  teams(): Team[] {
    return [...this.#teams.values()];
  }

  /** All known conversations, newest activity first. */
  list(): readonly Conversation[] {
    this.#sorted ??= [...this.#conversations.values()].sort(
      // Times of one form compare as they are; a comparison by language would take ten times as long.
      (a, b) => (a.last_activity_at === b.last_activity_at ? (a.id < b.id ? 1 : -1) : a.last_activity_at < b.last_activity_at ? 1 : -1),
    );
    return this.#sorted;
  }

  counts(): Counts {
    const counts = { unread: 0, mentions: 0, conversations: 0, unmuted: 0 };
    for (const { me } of this.#conversations.values()) {
      if (me.unread === 0) continue;
      counts.unread += me.unread;
      counts.mentions += me.mentions;
      counts.conversations += 1;
      counts.unmuted += me.muted ? me.mentions : me.unread;
    }
    return counts;
  }

  setMe(me: Me): void {
    this.me = me;
    this.putPerson({ id: me.id, kind: me.kind, name: me.name, avatar_url: me.avatar_url });
    this.emitter.changed('me');
  }

  /** Throws away what was known and starts from a snapshot. Loaded timelines stay on screen, marked stale. */
  reset(snapshot: Snapshot): void {
    this.emitter.batch(() => {
      const gone = new Set(this.#conversations.keys());
      this.seq = Number.parseInt(snapshot.cursor, 10) || 0;
      this.setMe(snapshot.me);
      for (const conversation of snapshot.conversations) {
        gone.delete(conversation.id);
        this.#set(conversation);
      }
      if (snapshot.next === null) for (const id of gone) this.dropConversation(id);
      for (const [id, timeline] of this.#timelines) this.#setTimeline(id, { ...timeline, stale: true });
    });
  }

  /** What was kept from the last visit: shown until the snapshot is there. */
  restore(me: Me, conversations: Conversation[]): void {
    this.emitter.batch(() => {
      this.setMe(me);
      for (const conversation of conversations) this.#set(conversation);
    });
  }

  /** Takes in a fetched conversation. One that was read before newer events loses to them where they overlap. */
  putConversation(fresh: Conversation): void {
    const old = this.#conversations.get(fresh.id);
    if (old && old.last_seq > fresh.last_seq) {
      const { last_seq, last_message, last_activity_at } = old;
      this.#set({ ...fresh, last_seq, last_message, last_activity_at, me: { ...fresh.me, unread: old.me.unread, mentions: old.me.mentions } });
      return;
    }
    const next = old ? { ...fresh, participants: richer(old.participants, fresh) } : fresh;
    if (!old || !same(old, next)) this.#set(next);
  }

  changeConversation(id: Id, changes: Partial<Conversation>): void {
    const old = this.#conversations.get(id);
    if (old) this.#set({ ...old, ...changes });
  }

  changeMine(id: Id, changes: Partial<MyPart>): void {
    const old = this.#conversations.get(id);
    if (old) this.#set({ ...old, me: { ...old.me, ...changes } });
  }

  dropConversation(id: Id): void {
    if (!this.#conversations.delete(id)) return;
    this.#timelines.delete(id);
    this.#sorted = null;
    this.emitter.changed('list');
    this.emitter.changed(`conversation:${id}`);
  }

  #set(conversation: Conversation): void {
    this.#conversations.set(conversation.id, conversation);
    for (const participant of conversation.participants) this.putPerson(participant.person);
    if (conversation.last_message?.author) this.putPerson(conversation.last_message.author);
    this.#sorted = null;
    this.emitter.changed('list');
    this.emitter.changed(`conversation:${conversation.id}`);
  }

  putPerson(person: Person): void {
    const old = this.#people.get(person.id);
    if (old && old.name === person.name && old.avatar_url === person.avatar_url && old.kind === person.kind) return;
    this.#people.set(person.id, person);
    this.emitter.changed('people');
  }

  /** Somebody has another name or picture: wherever the person is shown, and nothing else is drawn anew. */
  renewPerson(person: Person): void {
    const holds = (old: Person | null | undefined) => old?.id === person.id && (old.name !== person.name || old.avatar_url !== person.avatar_url);
    const now = (old: Person | null) => (holds(old) ? person : old);
    this.putPerson(person);
    for (const one of this.#conversations.values()) {
      const { participants, last_message } = one;
      if (!holds(last_message?.author) && !participants.some((part) => holds(part.person))) continue;
      this.#set({
        ...one,
        participants: participants.map((part) => (holds(part.person) ? { ...part, person } : part)),
        last_message: last_message && { ...last_message, author: now(last_message.author) },
      });
    }
    for (const [id, timeline] of this.#timelines) {
      const concerns = ({ author, reply_to }: Message) => holds(author) || holds(reply_to?.author);
      if (!timeline.items.some(concerns)) continue;
      const anew = (item: Message) => (concerns(item) ? { ...item, author: now(item.author), reply_to: item.reply_to && { ...item.reply_to, author: now(item.reply_to.author) } } : item);
      this.#setTimeline(id, { ...timeline, items: timeline.items.map(anew) });
    }
  }

  putTeams(teams: Team[]): void {
    for (const team of teams) this.#teams.set(team.id, team);
    this.emitter.changed('teams');
  }

  dropTeam(id: Id): void {
    if (this.#teams.delete(id)) this.emitter.changed('teams');
  }

  putParticipants(id: Id, changed: Participant[]): void {
    const old = this.#conversations.get(id);
    if (!old) return;
    const byId = new Map(old.participants.map((part) => [part.person.id, part]));
    for (const part of changed) {
      if (part.left_at) byId.delete(part.person.id);
      else byId.set(part.person.id, part);
    }
    this.#set({ ...old, participants: [...byId.values()] });
  }

  putPage(id: Id, page: MessagePage, at: PageAt): void {
    for (const { author } of page.items) if (author) this.putPerson(author);
    const old = this.#timelines.get(id);
    const next = withPage(old, page, at);
    if (!old || !same(old, next)) this.#setTimeline(id, next);
  }

  /** What was kept in the browser: to be shown until it is fetched. */
  putStale(id: Id, page: MessagePage): void {
    this.#setTimeline(id, { ...withPage(undefined, page, 'around'), stale: true });
  }

  /** Puts a posted or changed message wherever it is shown. */
  putMessage(message: Message): void {
    if (message.author) this.putPerson(message.author);
    for (const id of [message.conversation_id, message.thread_root_id ?? message.id]) {
      const timeline = this.#timelines.get(id);
      if (timeline) this.#setTimeline(id, withMessage(timeline, message));
    }
  }

  message(conversation: Id, id: Id): Message | undefined {
    return this.#timelines.get(conversation)?.items.find((item) => item.id === id) ?? this.#inThreads(id);
  }

  #inThreads(id: Id): Message | undefined {
    for (const { items } of this.#timelines.values()) {
      const found = items.find((item) => item.id === id);
      if (found) return found;
    }
    return undefined;
  }

  changeMessage(id: Id, change: (message: Message) => Message): void {
    for (const [key, timeline] of this.#timelines) {
      const changed = withChange(timeline, id, change);
      if (changed !== timeline) this.#setTimeline(key, changed);
    }
  }

  /** Answers to a message that has changed quote it as it is now. */
  requote(id: Id, preview: string, deleted: boolean): void {
    for (const [key, timeline] of this.#timelines) {
      const quotes = (item: Message) => item.reply_to?.id === id;
      if (!timeline.items.some(quotes)) continue;
      this.#setTimeline(key, { ...timeline, items: timeline.items.map((item) => (quotes(item) ? { ...item, reply_to: { ...item.reply_to!, preview, deleted } } : item)) });
    }
  }

  /** Old messages of a conversation are gone: what is left is shown until it is fetched anew. */
  purge(id: Id, before: string): void {
    const limit = Date.parse(before);
    const stays = (item: Message) => item.conversation_id !== id || Date.parse(item.created_at) >= limit;
    for (const [key, timeline] of this.#timelines) {
      if (key === id || timeline.items.some((item) => item.conversation_id === id)) {
        this.#setTimeline(key, { ...timeline, items: timeline.items.filter(stays), stale: true });
      }
    }
  }

  dropTimeline(id: Id): void {
    if (this.#timelines.delete(id)) this.emitter.changed(`timeline:${id}`);
  }

  #setTimeline(id: Id, timeline: Timeline): void {
    if (this.#timelines.get(id) === timeline) return;
    this.#timelines.set(id, timeline);
    this.emitter.changed(`timeline:${id}`);
  }
}

/** Fetched again and unchanged: nothing on the screen has to be drawn anew. */
const same = (old: unknown, fresh: unknown) => JSON.stringify(old) === JSON.stringify(fresh);

/** A list answer names only some participants: do not forget the others that are known already. */
function richer(known: Participant[], fresh: Conversation): Participant[] {
  if (fresh.participants.length >= fresh.members_count || fresh.participants.length >= known.length) return fresh.participants;
  const ids = new Set(fresh.participants.map((part) => part.person.id));
  return [...fresh.participants, ...known.filter((part) => !ids.has(part.person.id))];
}
