// Owns: a session's state as reactive reads: a component that calls one of these runs again when that part changes.
// Must not know: how many there are. Each app of a page makes its own and mounts its components with it; nothing here is of the module.
import { getContext } from 'svelte';
import { createSubscriber } from 'svelte/reactivity';
import type { Client, Id } from '$core/api';
import type { Topic } from '$core/store/topics';
import type { Session } from '$core/sync/session';
import type { StaffSession } from '$core/sync/staffSession';
import { uploadKey } from '$core/sync/uploads';

/** What every session has. */
export class SessionView<S extends Session> {
  #session = $state.raw<S | null>(null);
  #subscriptions = new Map<Topic, () => void>();

  constructor(readonly client: Client) {}

  use(session: S | null): void {
    this.#subscriptions = new Map();
    this.#session = session;
  }

  /** The session; only for code that runs while somebody is signed in. */
  get session(): S {
    if (!this.#session) throw new Error('nobody is signed in');
    return this.#session;
  }

  get maybeSession(): S | null {
    return this.#session;
  }

  protected watch(topic: Topic): S {
    const here = this.session;
    let subscribe = this.#subscriptions.get(topic);
    if (!subscribe) {
      subscribe = createSubscriber((update) => here.store.emitter.on(topic, update));
      this.#subscriptions.set(topic, subscribe);
    }
    subscribe();
    return here;
  }

  me = () => this.watch('me').store.me!;
  list = () => this.watch('list').store.list();
  counts = () => this.watch('list').store.counts();
  conversation = (id: Id) => this.watch(`conversation:${id}`).store.conversation(id);
  timeline = (id: Id) => this.watch(`timeline:${id}`).store.timeline(id);
  person = (id: Id) => this.watch('people').store.person(id);
  waiting = (id: Id) => this.watch(`outbox:${id}`).outbox.of(id);
  waitingCount = () => this.watch('outbox').outbox.waiting;
  failedIn = (id: Id) => this.watch(`outbox:${id}`).outbox.of(id).some((entry) => entry.failed);
  connection = () => this.watch('connection').state;
  transport = () => this.watch('connection').socket.transport;
}

/** What a session of the staff has besides. */
export class Live extends SessionView<StaffSession> {
  presence = (id: Id) => this.watch(`presence:${id}`).presence.of(id);
  status = (id: Id) => this.watch(`presence:${id}`).presence.status(id);
  typing = (id: Id) => this.watch(`typing:${id}`).presence.typing(id);
  draft = (id: Id, mode: string) => this.watch(`draft:${id}`).drafts.get(id, mode);
  hasDraft = (id: Id) => this.watch(`draft:${id}`).drafts.has(id);
  uploads = (id: Id, mode: string) => this.watch(`uploads:${uploadKey(id, mode)}`).uploads.of(uploadKey(id, mode));
  hasMore = () => Boolean(this.watch('next').pages.next);
  loaded = () => this.watch('next').pages.next !== undefined;
}

const KEY = 'live';
/** What an app is mounted with: `mount(App, { target, context: contextOf(live) })`. */
export const contextOf = (live: Live) => new Map([[KEY, live]]);
/** The reads of the app that a component is in. */
export const useLive = (): Live => getContext(KEY);
