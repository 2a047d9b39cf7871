// Messages on their way: kept in IndexedDB until the server has them, sent in order within a conversation, exactly once
// (the server answers the first result again for a client_id that it knows).
import { ApiError, type Attachment, type Id, type Message, type NewMessage, type Related, type ReplyTo } from '../api';
import { newId } from './newId';
import type { KeyValueStore } from '../store/keyValueStore';
import type { Changes } from '../store/topics';
import type { Waiting } from '../store/waiting';

export interface Outgoing {
  body: string;
  /** With what is not shown; otherwise `body` is sent. */
  sent?: string;
  is_private_note?: boolean;
  thread_root_id?: Id | null;
  reply_to?: ReplyTo | null;
  attachments?: Attachment[];
  related?: Related | null;
}
/** With the id by which the server knows it again. */
export type Sendable = NewMessage & { client_id: string };
type Send = (conversation: Id, body: Sendable) => Promise<Message>;

const RETRY_AFTER = 1_000;
const RETRY_AT_MOST = 30_000;

export class Outbox {
  #entries: Waiting[] = [];
  #draining = new Set<Id>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #closed = false;

  constructor(
    private readonly keyValues: KeyValueStore,
    private readonly emitter: Changes,
    private readonly sent: (message: Message) => void,
    private readonly send: Send,
  ) {}

  async load(): Promise<void> {
    const kept = await this.keyValues.all<Waiting>('outbox');
    const known = new Set(this.#entries.map((entry) => entry.client_id));
    this.#entries = [...kept.filter((entry) => !known.has(entry.client_id)), ...this.#entries].sort((a, b) => a.order - b.order);
    for (const id of new Set(this.#entries.map((entry) => entry.conversation_id))) this.#tell(id);
    this.kick();
  }

  of(conversation: Id): Waiting[] {
    return this.#entries.filter((entry) => entry.conversation_id === conversation);
  }

  get waiting(): number {
    return this.#entries.filter((entry) => !entry.failed).length;
  }

  add(conversation: Id, message: Outgoing): Waiting {
    const entry: Waiting = {
      client_id: newId(),
      conversation_id: conversation,
      order: this.#nextOrder(),
      created_at: new Date().toISOString(),
      body: message.body,
      sent: message.sent,
      is_private_note: message.is_private_note ?? false,
      thread_root_id: message.thread_root_id ?? null,
      reply_to: message.reply_to ?? null,
      attachments: message.attachments ?? [],
      related: message.related ?? null,
      failed: null,
    };
    this.#entries.push(entry);
    this.#tell(conversation);
    void this.keyValues.put('outbox', entry.client_id, entry).catch(() => {}).then(() => this.#drain(conversation));
    return entry;
  }

  #nextOrder(): number {
    const last = this.#entries[this.#entries.length - 1]?.order ?? 0;
    return Math.max(Date.now(), last + 1);
  }

  retry(clientId: string): void {
    const entry = this.#find(clientId);
    if (!entry) return;
    this.#replace({ ...entry, failed: null, order: this.#nextOrder() });
    this.#failures = 0;
    void this.#drain(entry.conversation_id);
  }

  discard(clientId: string): void {
    this.#remove(clientId);
  }

  /** The message came back by an event, perhaps before its own answer or from another tab. */
  settled(clientId: string): void {
    if (this.#find(clientId)) this.#remove(clientId);
  }

  /** Tries everything that waits, now. */
  kick(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const id of new Set(this.#entries.filter((entry) => !entry.failed).map((entry) => entry.conversation_id))) void this.#drain(id);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #drain(conversation: Id): Promise<void> {
    if (this.#draining.has(conversation) || this.#timer !== undefined || this.#closed) return;
    this.#draining.add(conversation);
    try {
      await alone(`parlor-outbox-${conversation}`, async () => {
        for (let entry = this.#next(conversation); entry && !this.#closed; entry = this.#next(conversation)) {
          if (!(await this.#deliver(entry))) break;
        }
      });
    } finally {
      this.#draining.delete(conversation);
    }
  }

  #next(conversation: Id): Waiting | undefined {
    return this.#entries.find((entry) => entry.conversation_id === conversation && !entry.failed);
  }

  /** False when the conversation has to wait: the server could not be reached. */
  async #deliver(entry: Waiting): Promise<boolean> {
    try {
      const message = await this.send(entry.conversation_id, toWire(entry));
      this.#failures = 0;
      this.emitter.batch(() => {
        this.sent(message);
        this.#remove(entry.client_id);
      });
      return true;
    } catch (error) {
      const problem = error instanceof ApiError ? error : new ApiError({ status: 0, code: 'offline', detail: String(error) });
      if (problem.transient || problem.status === 401) {
        this.#later(problem.retryAfter);
        return false;
      }
      this.#replace({ ...entry, failed: { code: problem.code, detail: problem.message } });
      return true;
    }
  }

  #later(seconds?: number): void {
    this.#failures += 1;
    const delay = seconds ? seconds * 1000 : Math.min(RETRY_AT_MOST, RETRY_AFTER * 2 ** (this.#failures - 1));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.kick(), delay);
  }

  #find(clientId: string): Waiting | undefined {
    return this.#entries.find((entry) => entry.client_id === clientId);
  }

  #replace(entry: Waiting): void {
    this.#entries = [...this.#entries.filter((one) => one.client_id !== entry.client_id), entry].sort((a, b) => a.order - b.order);
    void this.keyValues.put('outbox', entry.client_id, entry).catch(() => {});
    this.#tell(entry.conversation_id);
  }

  #remove(clientId: string): void {
    const entry = this.#find(clientId);
    this.#entries = this.#entries.filter((one) => one.client_id !== clientId);
    void this.keyValues.delete('outbox', clientId).catch(() => {});
    if (entry) this.#tell(entry.conversation_id);
  }

  #tell(conversation: Id): void {
    this.emitter.changed(`outbox:${conversation}`);
    this.emitter.changed('outbox');
  }
}

function toWire(entry: Waiting): Sendable {
  const wire: Sendable = { body: entry.sent ?? entry.body, client_id: entry.client_id };
  if (entry.is_private_note) wire.is_private_note = true;
  if (entry.thread_root_id) wire.thread_root_id = entry.thread_root_id;
  if (entry.reply_to) wire.reply_to_id = entry.reply_to.id;
  if (entry.attachments?.length) wire.attachment_ids = entry.attachments.map((file) => file.id);
  if (entry.related) wire.related = entry.related;
  return wire;
}

/** Two tabs of one person share the kept messages: only one sends those of a conversation at a time. */
async function alone(name: string, work: () => Promise<void>): Promise<void> {
  if (typeof navigator !== 'undefined' && 'locks' in navigator && navigator.locks) await navigator.locks.request(name, work);
  else await work();
}
