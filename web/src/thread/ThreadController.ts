// Owns: opening a conversation: where it begins, what is loaded when, how one gets to a message or to the end, and what happens after the
// connection was away. Must not know: how it looks, nor who shows it.
import { ApiError, type Conversation, type Id } from '$core/api';
import { Observable } from '$core/store/observable';
import type { Store } from '$core/store/store';
import type { Outbox } from '$core/sync/outbox';
import type { Presences } from '$core/sync/presence';
import type { ReadPositions } from '$core/sync/readPositions';
import { firstUnread, type Timelines } from '$core/sync/timelines';

/** What a session must have for it, and what it can have. */
export interface ThreadSession {
  store: Store;
  outbox: Outbox;
  timelines: Timelines;
  online: boolean;
  conversation(id: Id): Promise<Conversation>;
  readPositions?: ReadPositions;
  presence?: Presences;
}

/** A message to be brought into view. */
export interface Target { seq: number; flash: boolean }

export interface ThreadOptions {
  /** Where one was reading the last time, if the client remembers it. */
  remembered?: (id: Id) => number | undefined;
  /** What could not be loaded while something is on the screen already. */
  failed?: (error: unknown) => void;
}

/** What is known and followed is asked for again only where one stays this long. */
const STAYS = 250;

export class ThreadController extends Observable {
  readonly #session: ThreadSession;
  readonly #options: ThreadOptions;
  error: unknown = null;
  /** The first unread seq when the conversation was opened. */
  newFrom: number | null = null;
  target: Target | null = null;
  /** Counts the times that another part was loaded: what shows the messages begins anew. */
  generation = 0;
  #opened = false;
  #loaded = false;
  #opening = false;
  #left = false;
  #fresh = '';

  constructor(session: ThreadSession, readonly id: Id, options: ThreadOptions = {}) {
    super();
    this.#session = session;
    this.#options = options;
  }

  get opened(): boolean {
    return this.#opened;
  }

  /** There is no such conversation for me. */
  get gone(): boolean {
    return this.error instanceof ApiError && (this.error.status === 404 || this.error.status === 403);
  }

  get empty(): boolean {
    const timeline = this.#session.store.timeline(this.id);
    return timeline !== undefined && timeline.items.length === 0 && !timeline.stale && this.#session.outbox.of(this.id).length === 0;
  }

  /** From here on it is on the screen; gives what ends that. */
  enter(): () => void {
    const { readPositions, presence, store } = this.#session;
    const { id } = this;
    readPositions?.held.delete(id);
    const seen = () => presence?.view(document.visibilityState === 'visible' ? id : null);
    seen();
    document.addEventListener('visibilitychange', seen);
    const loaded = () => {
      this.#renew();
      this.changed();
    };
    const off = [store.emitter.on('connection', () => this.#renew()), store.emitter.on(`timeline:${id}`, loaded), store.emitter.on(`outbox:${id}`, () => this.changed())];
    return () => {
      this.#left = true;
      document.removeEventListener('visibilitychange', seen);
      off.forEach((end) => end());
      presence?.view(null);
      readPositions?.held.delete(id);
    };
  }

  /** Loads around `seq`, else where unread messages begin, else where one was the last time, else the end. */
  async open(seq?: number, flash = false): Promise<void> {
    const { store, timelines } = this.#session;
    const { id } = this;
    this.#opening = true;
    this.error = null;
    this.changed();
    try {
      const known = store.conversation(id);
      const fresh = known ?? (await this.#session.conversation(id));
      if (!this.#opened) this.newFrom = firstUnread(fresh) ?? null;
      const at = seq ?? this.#begins();
      this.#opened = true;
      const shown = at === undefined || this.inView(at);
      if (at !== undefined && shown) this.#aim({ seq: at, flash });
      const timeline = store.timeline(id);
      if (known && timeline && !timeline.stale && shown) {
        await new Promise((done) => setTimeout(done, STAYS));
        if (this.#left) return;
      }
      if (known) this.#session.conversation(id).catch(() => {}); // all participants, exact numbers
      const before = store.timeline(id);
      await timelines.open(id, at);
      this.#loaded = true;
      if (!shown || store.timeline(id) !== before) this.target = at === undefined ? null : { seq: at, flash };
    } catch (problem) {
      this.error = problem;
    }
    this.#opening = false;
    this.changed();
  }

  /** A client that remembers no places follows the end, once it has shown what was unread. */
  #begins(): number | undefined {
    const { remembered } = this.#options;
    if (this.#loaded && !remembered) return undefined;
    return this.newFrom ?? remembered?.(this.id);
  }

  #aim(target: Target): void {
    this.target = target;
    this.changed();
  }

  /** Whether what is loaded reaches there. */
  inView(seq: number): boolean {
    const items = this.#session.store.timeline(this.id)?.items ?? [];
    return items.length > 0 && seq >= items[0]!.seq && seq <= items[items.length - 1]!.seq;
  }

  /** Shows a message of this conversation, which need not be loaded. */
  async jump(seq: number): Promise<void> {
    if (this.inView(seq)) return this.#aim({ seq, flash: true });
    await this.open(seq, true);
    this.#again();
  }

  async toLatest(): Promise<void> {
    try {
      await this.#session.timelines.open(this.id);
      this.target = null;
      this.#again();
    } catch (problem) {
      this.error = problem;
      this.#options.failed?.(problem);
      this.changed();
    }
  }

  #again(): void {
    if (this.error) this.#options.failed?.(this.error);
    else this.generation += 1;
    this.changed();
  }

  /** After a reset of the stream, and when the connection is back after a failure: fetches again what is shown, once. */
  #renew(): void {
    const { store, online } = this.#session;
    const timeline = store.timeline(this.id);
    const now = `${online} ${timeline?.stale ?? false}`;
    if (now === this.#fresh) return;
    this.#fresh = now;
    if (!online || !(timeline?.stale || this.error) || this.gone || this.#opening) return;
    const conversation = store.conversation(this.id);
    if (conversation && this.newFrom === null) this.newFrom = firstUnread(conversation) ?? null;
    void this.open(timeline?.hasAfter ? timeline.items[0]?.seq : undefined);
  }
}
