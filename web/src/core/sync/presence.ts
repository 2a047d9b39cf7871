// Who is there, who types, who looks at what: told by the stream, kept nowhere. What is said of oneself goes out here too.
import { listPresence, listViewers, sendTyping, type ChangeEvent, type Client, type Id, type Presence, type PresenceStatus } from '../api';
import type { Changes } from '../store/topics';
import type { SessionPart } from './session';

/** Somewhat longer than TYPING_AGAIN, for an event that comes late. */
const TYPING_FOR = 6_000;
/** How often the server hears that one still types. */
const TYPING_AGAIN = 3_000;
const ACTIVE_AGAIN = 30_000;
const VIEW_AFTER = 100;

export interface Line {
  /** Says something to the server over the open WebSocket; false when there is none. */
  send(frame: object): boolean;
}

export class Presences implements SessionPart {
  readonly #known = new Map<Id, Presence>();
  readonly #typing = new Map<Id, Map<Id, ReturnType<typeof setTimeout>>>();
  readonly #viewing = new Map<Id, Set<Id>>();
  #view: Id | null = null;
  #viewSoon: ReturnType<typeof setTimeout> | undefined;
  #typedAt = new Map<Id, number>();
  #activeAt = 0;

  constructor(private readonly client: Client, private readonly emitter: Changes, private readonly line: Line, private readonly me: () => Id | undefined) {}

  of(user: Id): Presence | undefined {
    return this.#known.get(user);
  }

  status(user: Id): PresenceStatus {
    return this.#known.get(user)?.status ?? 'offline';
  }

  typing(conversation: Id): Id[] {
    return [...(this.#typing.get(conversation)?.keys() ?? [])];
  }

  viewing(conversation: Id): Id[] {
    return [...(this.#viewing.get(conversation) ?? [])];
  }

  /** The connection is there: what was known may be old, and the server must hear where I am. */
  async connected(): Promise<void> {
    this.#viewing.clear();
    if (this.#view) {
      this.line.send({ type: 'view', conversation_id: this.#view });
      void this.#whoViews(this.#view);
    }
    const list = await listPresence(this.client).catch(() => null);
    if (!list) return;
    const here = new Set(list.items.map((one) => one.user_id));
    this.emitter.batch(() => {
      for (const [id, one] of this.#known) if (!here.has(id) && one.status !== 'offline') this.#put({ ...one, status: 'offline' });
      list.items.forEach((one) => this.#put(one));
    });
  }

  /** Takes in what is ephemeral, and what somebody says of themselves. */
  event(event: ChangeEvent): void {
    switch (event.type) {
      case 'presence': return event.data.people.forEach((one) => this.#put(one));
      case 'status.updated': return this.#said(event.data);
      case 'typing': return this.#types(event.conversation_id, event.data.person_id, event.data.typing);
      case 'viewing': return this.#views(event.conversation_id, event.data.person_id, event.data.viewing);
      case 'message.posted': if (event.actor) this.#types(event.conversation_id, event.actor.id, false);
    }
  }

  #put(one: Presence): void {
    this.#known.set(one.user_id, one);
    this.emitter.changed(`presence:${one.user_id}`);
  }

  #said({ user_id, busy, text, text_until }: Extract<ChangeEvent, { type: 'status.updated' }>['data']): void {
    const known = this.#known.get(user_id);
    const connected = known !== undefined && known.status !== 'offline';
    const status = !connected ? 'offline' : busy ? 'busy' : known.status === 'busy' ? 'online' : known.status;
    this.#put({ ...known, user_id, busy, text: text ?? undefined, text_until: text_until ?? undefined, status });
  }

  #types(conversation: Id, person: Id, typing: boolean): void {
    if (person === this.me()) return;
    const here = this.#typing.get(conversation) ?? new Map<Id, ReturnType<typeof setTimeout>>();
    const before = here.size;
    clearTimeout(here.get(person));
    here.delete(person);
    if (typing) here.set(person, setTimeout(() => this.#types(conversation, person, false), TYPING_FOR));
    if (here.size > 0) this.#typing.set(conversation, here);
    else this.#typing.delete(conversation);
    if (before !== here.size || typing) this.emitter.changed(`typing:${conversation}`);
  }

  #views(conversation: Id, person: Id, viewing: boolean): void {
    if (person === this.me()) return;
    const here = this.#viewing.get(conversation) ?? new Set<Id>();
    if (viewing) here.add(person);
    else here.delete(person);
    if (here.size > 0) this.#viewing.set(conversation, here);
    else this.#viewing.delete(conversation);
    this.emitter.changed(`viewing:${conversation}`);
  }

  /** This conversation is on my screen now, or none is. Said a moment later: who only passes through does not look at it. */
  view(conversation: Id | null): void {
    clearTimeout(this.#viewSoon);
    this.#viewSoon = setTimeout(() => {
      if (this.#view === conversation) return;
      this.#view = conversation;
      this.line.send({ type: 'view', conversation_id: conversation });
      if (conversation) void this.#whoViews(conversation);
    }, VIEW_AFTER);
  }

  /** Who came before me is not told again. */
  async #whoViews(conversation: Id): Promise<void> {
    const viewers = await listViewers(this.client, conversation).catch(() => null);
    viewers?.items.forEach((person) => this.#views(conversation, person, true));
  }

  /** I do something: said now and then. */
  active(now = Date.now()): void {
    if (now - this.#activeAt < ACTIVE_AGAIN) return;
    this.#activeAt = now;
    this.line.send({ type: 'active' });
  }

  /** I type here, or have stopped. */
  type(conversation: Id, typing: boolean, is_private_note: boolean, now = Date.now()): void {
    const before = this.#typedAt.get(conversation);
    if (typing ? before !== undefined && now - before < TYPING_AGAIN : before === undefined) return;
    if (typing) this.#typedAt.set(conversation, now);
    else this.#typedAt.delete(conversation);
    const sent = this.line.send({ type: 'typing', conversation_id: conversation, typing, is_private_note });
    if (!sent) sendTyping(this.client, conversation, { typing, is_private_note }).catch(() => {});
  }

  stop(): void {
    for (const here of this.#typing.values()) for (const timer of here.values()) clearTimeout(timer);
  }
}
