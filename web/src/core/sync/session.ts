// Owns: what every signed-in client has, tied together: the store, the event stream, the outbox. Whatever else one needs is a part, added by
// who composes the session (staffSession.ts: drafts, presence, read positions, …).
// Must not know: the parts, nor which of the sessions of a page it is.
import { ApiError, getConversation, getMe, getMessage, getSnapshot, postMessage, type ChangeEvent, type Client, type Conversation, type Id, type Me, type Message, type Snapshot } from '../api';
import { apply, isFresh, withMine, type Needs } from '../store/events';
import type { KeyValueStore } from '../store/keyValueStore';
import { belongs } from '../store/kinds';
import { Store } from '../store/store';
import { Outbox } from './outbox';
import { Socket, type SocketState } from './socket';
import { transportsOf } from './transports';

export interface SessionHooks {
  /** Nobody is signed in any more. */
  ended(): void;
  arrived?(message: Message): void;
  /** A message of mine was posted; the answer, which says more than the event. */
  sent?(message: Message): void;
  /** A conversation that was not known before came with unread messages. */
  appeared?(conversation: Conversation): void;
  /** I was removed from this conversation. */
  refused?(id: Id): void;
}

/** What a session can have besides. Every part hears of everything; it says what it listens to by having the method. */
export interface SessionPart {
  /** Reads what this browser kept; the stream starts afterwards. */
  load?(): Promise<void>;
  /** The store has just been filled from this. */
  snapshot?(snapshot: Snapshot): void;
  /** An event has come; `fresh` when the store is about to take it in. */
  event?(event: ChangeEvent, fresh: boolean): void;
  /** Something of this conversation, or of the list, is another than before. */
  changed?(id?: Id): void;
  arrived?(message: Message): void;
  appeared?(conversation: Conversation): void;
  /** There is a connection again. */
  connected?(): unknown;
  stop?(): void;
}

export class Session {
  readonly store = new Store();
  readonly outbox: Outbox;
  readonly socket: Socket;
  state: SocketState = 'connecting';
  readonly #parts: SessionPart[] = [];
  #wanted = new Map<Id, ReturnType<typeof setTimeout>>();
  /** Seen in events, but not of my list: not to be asked for again and again. */
  #notMine = new Set<Id>();
  #stopped = false;

  constructor(readonly client: Client, protected readonly keyValues: KeyValueStore, private readonly hooks: SessionHooks) {
    this.outbox = new Outbox(keyValues, this.store.emitter, (message) => this.#sent(message), (id, body) => postMessage(client, id, body));
    const socketHooks = {
      events: (events: ChangeEvent[]) => this.#take(events),
      reset: () => this.#snapshot(),
      state: (state: SocketState) => this.#connection(state),
      unauthorized: () => this.#stillSignedIn(),
    };
    this.socket = new Socket(socketHooks, transportsOf(client));
  }

  /** Adds a part; before the start. */
  protected add<P extends SessionPart>(part: P): P {
    this.#parts.push(part);
    return part;
  }

  #each(tell: (part: SessionPart) => unknown): void {
    for (const part of this.#parts) void tell(part);
  }

  /** Starts with what this browser kept of `me`, then asks the server. */
  async start(me: Me | null): Promise<this> {
    if (me) this.store.setMe(me);
    for (const part of [...this.#parts, this.outbox]) await part.load?.().catch(() => {});
    this.socket.start();
    return this;
  }

  async #snapshot(): Promise<string> {
    const snapshot = await getSnapshot(this.client);
    if (this.#stopped) throw new Error('stopped');
    this.store.reset(snapshot);
    this.#changed();
    this.#each((part) => part.snapshot?.(snapshot));
    return snapshot.cursor;
  }

  #take(events: ChangeEvent[]): void {
    const needs: Needs = {
      conversation: (id) => this.want(id),
      message: (id) => void this.#refetch(id),
      refused: (id) => this.#refused(id),
      arrived: (message) => this.#arrived(message),
    };
    this.store.emitter.batch(() => {
      for (const event of events) {
        if (event.type === 'participant.added') this.#notMine.delete(event.conversation_id);
        const fresh = isFresh(this.store, event);
        this.#each((part) => part.event?.(event, fresh));
        apply(this.store, event, needs);
        if (event.conversation_id) this.#changed(event.conversation_id);
      }
    });
  }

  #changed(id?: Id): void {
    this.#each((part) => part.changed?.(id));
  }

  #arrived(message: Message): void {
    if (message.client_id) this.outbox.settled(message.client_id);
    this.#each((part) => part.arrived?.(message));
    this.hooks.arrived?.(message);
  }

  #sent(message: Message): void {
    this.store.putMessage(withMine(this.store, message));
    this.#changed(message.conversation_id);
    this.hooks.sent?.(message);
  }

  #refused(id: Id): void {
    this.#notMine.add(id);
    this.store.dropConversation(id);
    this.hooks.refused?.(id);
  }

  #connection(state: SocketState): void {
    const before = this.state;
    this.state = state;
    this.store.emitter.changed('connection');
    if (state !== 'online' || before === 'online') return;
    this.outbox.kick();
    this.#each((part) => part.connected?.());
  }

  async #stillSignedIn(): Promise<boolean> {
    try {
      await getMe(this.client);
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
    const fresh = await getConversation(this.client, id);
    const known = this.store.conversation(id);
    if (!belongs(fresh) && !known) return void this.#notMine.add(id);
    this.store.putConversation(fresh);
    if (known || fresh.me.unread === 0) return;
    this.#each((part) => part.appeared?.(fresh));
    this.hooks.appeared?.(fresh);
  }

  async conversation(id: Id): Promise<Conversation> {
    const fresh = await getConversation(this.client, id);
    this.store.putConversation(fresh);
    this.#changed(id);
    return fresh;
  }

  async #refetch(id: Id): Promise<void> {
    if (!this.#shows(id)) return;
    const fresh = await getMessage(this.client, id).catch(() => null);
    if (fresh) this.store.changeMessage(id, () => withMine(this.store, fresh));
  }

  #shows(id: Id): boolean {
    let found = false;
    this.store.changeMessage(id, (message) => ((found = true), message));
    return found;
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
    this.#each((part) => part.stop?.());
    for (const timer of this.#wanted.values()) clearTimeout(timer);
  }

  /** Forgets everything of this person in this browser. */
  async forget(): Promise<void> {
    this.stop();
    await this.keyValues.clear().catch(() => {});
    this.keyValues.close();
  }
}
