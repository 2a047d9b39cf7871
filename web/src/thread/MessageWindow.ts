// Owns: which part of a conversation's messages is loaded while one scrolls, whether one is at the end, what has come meanwhile, and what
// counts as read. Must not know: how rows are drawn and measured; who shows them tells how far the view is from either end.
import type { Id } from '$core/api';
import { buildRows, type Row } from '$core/store/messageRows';
import { Observable } from '$core/store/observable';
import type { Store } from '$core/store/store';
import type { Timeline } from '$core/store/timeline';
import type { Outbox } from '$core/sync/outbox';
import type { ReadPositions } from '$core/sync/readPositions';
import type { Timelines } from '$core/sync/timelines';
import { ReadMarker } from './ReadMarker';

/** What a session must have for it, and what it can have. */
export interface WindowSession { store: Store; outbox: Outbox; timelines: Timelines; readPositions?: ReadPositions }

export interface WindowView {
  /** Up to which seq messages are in view. */
  lastVisible(): number;
  /** A page is about to be put at one end; gives what is to be done when it is there. */
  paging(which: 'older' | 'newer'): () => void;
  /** So many pixels from an end, the next page is asked for. */
  edge: number;
}

/** So near to the end, one is at the end. */
export const NEAR_BOTTOM = 60;

export class MessageWindow extends Observable {
  readonly #session: WindowSession;
  readonly #view: WindowView;
  atBottom = true;
  olderFailed = false;
  #newFrom: number | null = null;
  #rows: readonly Row[] | null = null;
  #lastSeq = 0;
  /** The last seq when one left the end. */
  #leftAt = 0;
  #busy = false;
  readonly #marker: ReadMarker;

  constructor(session: WindowSession, readonly id: Id, view: WindowView) {
    super();
    this.#session = session;
    this.#view = view;
    this.#marker = new ReadMarker(() => view.lastVisible(), (seq) => session.readPositions?.seen(id, seq));
  }

  /** From here on it is on the screen; gives what ends that. */
  enter(): () => void {
    const { emitter } = this.#session.store;
    const look = () => this.look();
    const off = [
      emitter.on(`timeline:${this.id}`, () => this.#renew()),
      emitter.on(`outbox:${this.id}`, () => this.#renew()),
      emitter.on(`conversation:${this.id}`, () => this.#conversation?.last_seq === this.#lastSeq || this.#renew()),
    ];
    addEventListener('focus', look);
    document.addEventListener('visibilitychange', look);
    this.#renew();
    return () => {
      off.forEach((end) => end());
      removeEventListener('focus', look);
      document.removeEventListener('visibilitychange', look);
      this.#marker.stop();
    };
  }

  /** The first unread seq when the conversation was opened. */
  begins(newFrom: number | null): void {
    if (this.#newFrom === newFrom) return;
    this.#newFrom = newFrom;
    this.#renew();
  }

  get #conversation() {
    return this.#session.store.conversation(this.id);
  }

  get timeline(): Timeline | undefined {
    return this.#session.store.timeline(this.id);
  }

  get #me(): Id {
    return this.#session.store.me?.id ?? '';
  }

  #renew(): void {
    this.#rows = null;
    this.changed();
  }

  /** The loaded messages and those on their way, as they are drawn. */
  get rows(): readonly Row[] {
    if (this.#rows) return this.#rows;
    const { items = [], hasBefore = false, hasAfter = false } = this.timeline ?? {};
    this.#lastSeq = this.#conversation?.last_seq ?? 0;
    this.#rows = buildRows({ items, waiting: this.#session.outbox.of(this.id), me: this.#me, newFrom: this.#newFrom, lastSeq: this.#lastSeq, hasBefore, hasAfter });
    return this.#rows;
  }

  /** Messages of others that have come since one left the end. */
  get unseen(): number {
    return this.atBottom ? 0 : this.rows.filter(({ message, author }) => message?.kind === 'text' && message.seq > this.#leftAt && author !== this.#me).length;
  }

  /** Whether the end of what is loaded is the end of the conversation. */
  get reachesEnd(): boolean {
    return !this.timeline?.hasAfter;
  }

  /** Something may have come into view. */
  look(): void {
    this.#marker.look();
  }

  /** The view is on its way to the end, or to somewhere else. */
  aimed(atBottom: boolean): void {
    if (this.atBottom === atBottom) return;
    this.atBottom = atBottom;
    this.changed();
  }

  /** The view has come to rest so many pixels from both ends. `clings`: one who was at the end has not scrolled away from it. */
  measured(above: number, below: number, clings = false): void {
    const { timeline } = this;
    if (!timeline) return;
    const atBottom = (below <= NEAR_BOTTOM || (clings && this.atBottom)) && !timeline.hasAfter;
    if (this.atBottom && !atBottom) this.#leftAt = timeline.items[timeline.items.length - 1]?.seq ?? 0;
    this.aimed(atBottom);
    this.look();
    if (above < this.#view.edge && timeline.hasBefore && !this.olderFailed) void this.page('older');
    else if (below < this.#view.edge && timeline.hasAfter) void this.page('newer');
  }

  async page(which: 'older' | 'newer'): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.olderFailed = false;
    const done = this.#view.paging(which);
    try {
      await this.#session.timelines[which](this.id);
    } catch {
      this.olderFailed = which === 'older';
    }
    this.#busy = false;
    this.changed();
    done();
  }
}
