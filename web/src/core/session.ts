// One signed-in person: the store, the event stream, and what is kept in the browser, tied together.
import { ApiError, api, type ChangeEvent, type Conversation, type Id, type Me, type Message } from './api';
import { Cache, lastUser } from './cache';
import { Drafts } from './drafts';
import { openShelf, type Shelf } from './idb';
import { belongs } from './kinds';
import { Outbox } from './outbox';
import { Presences } from './presence';
import { Reading } from './reading';
import { Socket, type SocketState } from './socket';
import { apply, withMine, type Needs } from './store/events';
import { Store } from './store/store';
import type { Topics } from './topics';
import type { Uploads } from './uploads';

const PAGE = 100;
const ENOUGH = 1_000;

export interface SessionHooks {
  /** Nobody is signed in any more. */
  ended(): void;
  arrived?(message: Message): void;
  /** A conversation that was not known before came with unread messages. */
  appeared?(conversation: Conversation): void;
  /** I was removed from this conversation. */
  refused?(id: Id): void;
  /** Whether this browser may start with this person the next time; not in pages of others. */
  remembers?: boolean;
  /** Where files can be attached. */
  uploads?(shelf: Shelf, topics: Topics): Uploads;
}

export class Session {
  readonly store = new Store();
  readonly drafts: Drafts;
  readonly outbox: Outbox;
  readonly reading: Reading;
  readonly cache: Cache;
  readonly socket: Socket;
  readonly presence: Presences;
  state: SocketState = 'connecting';
  /** Where the next page of conversations starts; undefined before the first snapshot, null at the end. */
  next: string | null | undefined;
  #wanted = new Map<Id, ReturnType<typeof setTimeout>>();
  /** Seen in events, but not of my list: not to be asked for again and again. */
  #notMine = new Set<Id>();
  #stopped = false;
  readonly #uploads: Uploads | undefined;

  private constructor(private readonly shelf: Shelf, private readonly hooks: SessionHooks) {
    this.drafts = new Drafts(shelf, this.store.topics);
    this.outbox = new Outbox(shelf, this.store.topics, (message) => this.#sent(message));
    this.#uploads = hooks.uploads?.(shelf, this.store.topics);
    this.reading = new Reading(this.store);
    this.cache = new Cache(shelf, this.store);
    this.socket = new Socket({
      events: (events) => this.#take(events),
      reset: () => this.#snapshot(),
      state: (state) => this.#connection(state),
      unauthorized: () => this.#stillSignedIn(),
    });
    this.presence = new Presences(this.store.topics, this.socket, () => this.store.me?.id);
  }

  /** Starts with what this browser kept of `me`, then asks the server. */
  static async start(me: Me | null, hooks: SessionHooks): Promise<Session> {
    const name = me ? databaseOf(me) : lastUser.get();
    const session = new Session(await openShelf(name ?? 'parlor'), hooks);
    if (me) {
      session.#remember(me);
      session.store.setMe(me);
    }
    await session.cache.restore().catch(() => false);
    await session.drafts.load().catch(() => {});
    await session.outbox.load().catch(() => {});
    await session.#uploads?.load().catch(() => {});
    session.socket.start();
    return session;
  }

  #remember(me: Me): void {
    if (this.hooks.remembers !== false) lastUser.set(databaseOf(me));
  }

  async #snapshot(): Promise<string> {
    const snapshot = await api.snapshot();
    if (this.#stopped) throw new Error('stopped');
    this.store.reset(snapshot);
    this.next = snapshot.next;
    this.store.topics.changed('next');
    this.#remember(snapshot.me);
    this.cache.changed();
    this.reading.caughtUp(snapshot.conversations);
    void this.#complete();
    return snapshot.cursor;
  }

  /** What the first page lacks: every unread conversation, then older ones up to a limit, drafts and teams. */
  async #complete(): Promise<void> {
    try {
      this.drafts.sync().catch(() => {});
      api.teams().then(({ items }) => this.store.putTeams(items), () => {});
      if (this.next === null) return;
      await this.#pages({ unread: true });
      while (this.next && this.store.list().length < ENOUGH) await this.more();
    } catch {
      // offline again: the next snapshot starts over
    }
  }

  async #pages(query: { unread: boolean }): Promise<void> {
    let after: string | null | undefined;
    do {
      const page = await api.conversations({ ...query, limit: PAGE, after: after ?? undefined });
      this.store.topics.batch(() => page.items.forEach((one) => this.store.putConversation(one)));
      after = page.next;
    } while (after && this.store.list().length < ENOUGH * 2);
  }

  /** The next page of the list. */
  async more(): Promise<void> {
    if (!this.next) return;
    const page = await api.conversations({ limit: PAGE, after: this.next });
    this.next = page.next;
    this.store.topics.batch(() => {
      for (const one of page.items) this.store.putConversation(one);
      this.store.topics.changed('next');
    });
  }

  #take(events: ChangeEvent[]): void {
    const needs: Needs = {
      conversation: (id) => this.want(id),
      message: (id) => void this.#refetch(id),
      refused: (id) => this.#refused(id),
      draft: (id, mode, body) => this.drafts.arrived(id, mode, body),
      arrived: (message) => this.#arrived(message),
    };
    this.store.topics.batch(() => {
      for (const event of events) {
        if (event.type === 'participant.added' && event.conversation_id) this.#notMine.delete(event.conversation_id);
        this.presence.take(event);
        apply(this.store, event, needs);
        if (event.conversation_id) this.cache.changed(event.conversation_id);
      }
    });
  }

  #arrived(message: Message): void {
    if (message.client_id) this.outbox.settled(message.client_id);
    this.reading.arrived(message);
    this.hooks.arrived?.(message);
  }

  #sent(message: Message): void {
    this.store.putMessage(withMine(this.store, message));
    this.cache.changed(message.conversation_id);
  }

  #refused(id: Id): void {
    this.#notMine.add(id);
    this.store.dropConversation(id);
    this.hooks.refused?.(id);
  }

  #connection(state: SocketState): void {
    const before = this.state;
    this.state = state;
    this.store.topics.changed('connection');
    if (state !== 'online' || before === 'online') return;
    this.outbox.kick();
    this.#uploads?.kick();
    this.drafts.kick().catch(() => {});
    void this.reading.flush();
    void this.presence.connected();
  }

  async #stillSignedIn(): Promise<boolean> {
    try {
      await api.me();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.hooks.ended();
      return !(error instanceof ApiError && error.status === 401);
    }
  }

  /** Fetches a conversation soon; several wishes for one become one call. */
  want(id: Id): void {
    if (this.#wanted.has(id) || this.#notMine.has(id)) return;
    const fetchIt = async () => {
      this.#wanted.delete(id);
      await this.#fetchMine(id).catch((error: unknown) => {
        if (error instanceof ApiError && (error.status === 404 || error.status === 403)) this.store.dropConversation(id);
      });
    };
    this.#wanted.set(id, setTimeout(() => void fetchIt(), 60));
  }

  async #fetchMine(id: Id): Promise<void> {
    const fresh = await api.conversation(id);
    const known = this.store.conversation(id);
    if (!belongs(fresh) && !known) return void this.#notMine.add(id);
    this.store.putConversation(fresh);
    if (known || fresh.me.unread === 0) return;
    this.reading.caughtUp([fresh]);
    this.hooks.appeared?.(fresh);
  }

  async conversation(id: Id): Promise<Conversation> {
    const fresh = await api.conversation(id);
    this.store.putConversation(fresh);
    this.cache.changed(id);
    return fresh;
  }

  async #refetch(id: Id): Promise<void> {
    if (!this.#shows(id)) return;
    const fresh = await api.message(id).catch(() => null);
    if (fresh) this.store.changeMessage(id, () => withMine(this.store, fresh));
  }

  #shows(id: Id): boolean {
    let found = false;
    this.store.changeMessage(id, (message) => ((found = true), message));
    return found;
  }

  get uploads(): Uploads {
    if (!this.#uploads) throw new Error('no files can be attached here');
    return this.#uploads;
  }

  get online(): boolean {
    return this.state === 'online';
  }

  nudge(): void {
    this.socket.nudge();
    this.outbox.kick();
  }

  stop(): void {
    this.#stopped = true;
    this.socket.stop();
    this.outbox.close();
    this.presence.stop();
    this.cache.stop();
    for (const timer of this.#wanted.values()) clearTimeout(timer);
  }

  /** Forgets everything of this person in this browser. */
  async forget(): Promise<void> {
    this.stop();
    if (this.hooks.remembers !== false) lastUser.set(null);
    await this.shelf.clear().catch(() => {});
    this.shelf.close();
  }
}

function databaseOf(me: Me): string {
  return `parlor-${me.tenant.id}-${me.id}`;
}
