// What was typed and not yet sent: one text per conversation and mode, kept here at once, in IndexedDB and on the server 300 ms later,
// or when there is a connection again.
import { ApiError, deleteDraft, listDrafts, saveDraft, type ChangeEvent, type Client, type Id, type Related, type ReplyTo } from '../api';
import type { KeyValueStore } from '../store/keyValueStore';
import type { Changes } from '../store/topics';
import type { SessionPart } from './session';

/** `reply`, `note`, or the id of a thread's root. */
export type Mode = string;
export interface Kept { conversation_id: Id; mode: Mode; body: string; reply_to: ReplyTo | null; related?: Related | null; at: number }

const SAVE_AFTER = 300;
const UNHEARD = 'drafts.unheard';
const keyOf = (conversation: Id, mode: Mode) => `${conversation}:${mode}`;
const placeOf = (key: string) => ({ conversation_id: key.slice(0, key.indexOf(':')), mode: key.slice(key.indexOf(':') + 1) });

export class Drafts implements SessionPart {
  #kept = new Map<string, Kept>();
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** What the server was told and has not told back. However late that comes: it is no news, and what was sent since must not come back. */
  #echoes = new Map<string, string[]>();
  /** Those that the server has not heard of; kept over a reload. */
  #unheard = new Set<string>();

  constructor(private readonly client: Client, private readonly keyValues: KeyValueStore, private readonly emitter: Changes) {}

  async load(): Promise<void> {
    for (const draft of await this.keyValues.all<Kept>('drafts')) {
      const key = keyOf(draft.conversation_id, draft.mode);
      if (!this.#kept.has(key)) this.#keep(key, draft);
    }
    for (const key of (await this.keyValues.get<string[]>('cache', UNHEARD)) ?? []) this.#unheard.add(key);
  }

  snapshot(): void {
    this.#echoes.clear(); // the events until here are not told any more
    this.sync().catch(() => {});
  }

  event(event: ChangeEvent, fresh: boolean): void {
    if (event.type !== 'draft.saved') return;
    const { mode, body } = event.data;
    if (this.#echoed(keyOf(event.conversation_id, mode), body) || !fresh) return;
    this.#take(keyOf(event.conversation_id, mode), body);
  }

  /** There is a connection: the server hears what it has missed. */
  async connected(): Promise<void> {
    await Promise.all([...this.#unheard].map((key) => this.#tell(key)));
  }

  /** Takes those of the server, and that it has none, where nothing was written here meanwhile. */
  async sync(): Promise<void> {
    await this.connected();
    const before = new Map(this.#kept);
    const theirs = new Map<string, string>();
    for (const { conversation_id, mode, body } of (await listDrafts(this.client)).items) theirs.set(keyOf(conversation_id!, mode), body);
    for (const key of new Set([...theirs.keys(), ...before.keys()])) {
      if (this.#kept.get(key) === before.get(key)) this.#take(key, theirs.get(key) ?? '');
    }
  }

  get(conversation: Id, mode: Mode): Kept | undefined {
    return this.#kept.get(keyOf(conversation, mode));
  }

  has(conversation: Id): boolean {
    for (const draft of this.#kept.values()) if (draft.conversation_id === conversation && draft.body.trim()) return true;
    return false;
  }

  /** All that hold words, the newest first. */
  list(): Kept[] {
    return [...this.#kept.values()].filter((draft) => draft.body.trim()).sort((a, b) => b.at - a.at);
  }

  set(conversation: Id, mode: Mode, body: string, reply_to: ReplyTo | null = null, related?: Related | null): void {
    const key = keyOf(conversation, mode);
    const old = this.#kept.get(key);
    const record = related === undefined ? (old?.related ?? null) : related;
    if ((old?.body ?? '') === body && (old?.reply_to?.id ?? null) === (reply_to?.id ?? null) && (old?.related ?? null) === record) return;
    this.#keep(key, { conversation_id: conversation, mode, body, reply_to, related: record, at: Date.now() });
    clearTimeout(this.#timers.get(key));
    this.#timers.set(key, setTimeout(() => this.#save(key), SAVE_AFTER));
  }

  /** Sent or thrown away. */
  clear(conversation: Id, mode: Mode): void {
    const key = keyOf(conversation, mode);
    if (!this.#kept.has(key)) return;
    clearTimeout(this.#timers.get(key));
    this.#keep(key, { conversation_id: conversation, mode, body: '', reply_to: null, at: Date.now() });
    this.#save(key);
  }

  /** A draft of another tab or device. What was typed here and is still on its way comes after it, and wins. */
  #take(key: string, body: string): void {
    const mine = this.#kept.get(key);
    if ((mine?.body ?? '') === body || this.#timers.has(key) || this.#unheard.has(key) || this.#echoes.has(key)) return;
    // What was sent elsewhere has taken its quote and its card along.
    const { reply_to = null, related = null } = (body && mine) || {};
    this.#keep(key, { ...placeOf(key), body, reply_to, related, at: Date.now() });
    void this.#persist(key);
  }

  /** Writes what still waits for its 300 ms: the page is going away. */
  flush(): void {
    for (const key of [...this.#timers.keys()]) this.#save(key);
  }

  #keep(key: string, draft: Kept): void {
    if (draft.body || draft.reply_to || draft.related) this.#kept.set(key, draft);
    else this.#kept.delete(key);
    this.emitter.changed(`draft:${draft.conversation_id}`);
    this.emitter.changed('drafts');
  }

  #persist(key: string): Promise<void> {
    const draft = this.#kept.get(key);
    return (draft ? this.keyValues.put('drafts', key, draft) : this.keyValues.delete('drafts', key)).catch(() => {});
  }

  #save(key: string): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    void this.#persist(key);
    void this.#tell(key);
  }

  async #tell(key: string): Promise<void> {
    const { conversation_id: conversation, mode } = placeOf(key);
    const body = this.#kept.get(key)?.body ?? '';
    this.#heard(key, false); // the page may be gone before there is an answer
    const said = body.trim() ? body : '';
    this.#echoes.set(key, [...(this.#echoes.get(key) ?? []), said]);
    try {
      await (body ? saveDraft(this.client, conversation, mode, body) : deleteDraft(this.client, conversation, mode));
      this.#heard(key, (this.#kept.get(key)?.body ?? '') === body);
    } catch (error) {
      this.#echoed(key, said);
      this.#heard(key, !(error instanceof ApiError && error.transient));
    }
  }

  /** Whether this tab said so itself; once. */
  #echoed(key: string, body: string): boolean {
    const said = this.#echoes.get(key) ?? [];
    const at = said.indexOf(body);
    if (at >= 0) said.splice(at, 1);
    if (said.length === 0) this.#echoes.delete(key);
    return at >= 0;
  }

  #heard(key: string, heard: boolean): void {
    if (heard !== this.#unheard.has(key)) return;
    if (heard) this.#unheard.delete(key);
    else this.#unheard.add(key);
    void this.keyValues.put('cache', UNHEARD, [...this.#unheard]).catch(() => {});
  }
}
