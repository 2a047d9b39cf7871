// Read and delivered positions on their way to the server: collected, at most one call a second for each conversation.
import { getConversation, markDelivered, markRead, markUnread, type Client, type Conversation, type Id, type Message, type Snapshot } from '../api';
import { takesPart } from '../store/kinds';
import type { Store } from '../store/store';
import type { SessionPart } from './session';

const COLLECT = 1_000;
const MOST_AT_ONCE = 20;

export class ReadPositions implements SessionPart {
  #read = new Map<Id, number>();
  #delivered = new Map<Id, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** "Mark unread from here" holds until the conversation is left. */
  readonly held = new Set<Id>();

  constructor(private readonly client: Client, private readonly store: Store) {}

  /** The person has seen everything up to `seq`. */
  seen(conversation: Id, seq: number): void {
    const known = this.store.conversation(conversation);
    if (!known || !takesPart(known) || this.held.has(conversation) || seq <= known.me.last_read_seq) return;
    this.store.changeMine(conversation, this.#after(conversation, seq));
    this.#plan(this.#read, conversation, seq);
  }

  #after(conversation: Id, seq: number): { last_read_seq: number; unread: number; mentions: number } {
    const known = this.store.conversation(conversation)!;
    if (seq >= known.last_seq) return { last_read_seq: seq, unread: 0, mentions: 0 };
    const mine = this.store.me?.id;
    const between = (this.store.timeline(conversation)?.items ?? []).filter(
      (message) => message.seq > known.me.last_read_seq && message.seq <= seq && isCounted(message, mine),
    );
    const mentions = between.filter((message) => message.mentions.some((mention) => mention.user_id === mine));
    return {
      last_read_seq: seq,
      unread: Math.max(0, known.me.unread - between.length),
      mentions: Math.max(0, known.me.mentions - mentions.length),
    };
  }

  arrived(message: Message): void {
    if (message.author?.id === this.store.me?.id) return;
    const me = this.store.conversation(message.conversation_id)?.me;
    if (me?.participant && message.seq > me.last_delivered_seq) this.#plan(this.#delivered, message.conversation_id, message.seq);
  }

  snapshot({ conversations }: Snapshot): void {
    this.#caughtUp(conversations);
  }

  appeared(conversation: Conversation): void {
    this.#caughtUp([conversation]);
  }

  connected(): void {
    void this.flush();
  }

  /** What came while nobody was connected has arrived now. */
  #caughtUp(conversations: readonly Conversation[]): void {
    const behind = conversations.filter(({ kind, me, last_seq }) => kind !== 'announcement' && me.participant && me.unread > 0 && me.last_delivered_seq < last_seq);
    for (const { id, last_seq } of behind.slice(0, MOST_AT_ONCE)) this.#plan(this.#delivered, id, last_seq);
  }

  async markUnread(conversation: Id, seq: number): Promise<void> {
    this.held.add(conversation);
    this.#read.delete(conversation);
    await markUnread(this.client, conversation, seq);
    this.store.putConversation(await getConversation(this.client, conversation));
  }

  #plan(what: Map<Id, number>, conversation: Id, seq: number): void {
    what.set(conversation, Math.max(seq, what.get(conversation) ?? 0));
    this.#timer ??= setTimeout(() => void this.flush(), COLLECT);
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [read, delivered] = [[...this.#read], [...this.#delivered]];
    this.#read.clear();
    this.#delivered.clear();
    const already = new Map(read);
    await Promise.all([
      ...read.map(([id, seq]) => this.#sendRead(id, seq)),
      ...delivered.filter(([id, seq]) => (already.get(id) ?? 0) < seq).map(([id, seq]) => markDelivered(this.client, id, seq).catch(() => {})),
    ]);
  }

  async #sendRead(id: Id, seq: number): Promise<void> {
    const before = this.store.conversation(id)?.last_seq;
    try {
      const { unread, mentions, last_read_seq } = await markRead(this.client, id, seq);
      const now = this.store.conversation(id);
      const undisturbed = now?.last_seq === before && !this.#read.has(id) && !this.held.has(id);
      if (now && undisturbed) this.store.changeMine(id, { unread, mentions, last_read_seq });
    } catch (error) {
      // Kept for the next flush, which comes with the connection.
      if ((error as { transient?: boolean }).transient) this.#read.set(id, Math.max(seq, this.#read.get(id) ?? 0));
    }
  }
}

function isCounted(message: Message, mine: Id | undefined): boolean {
  return message.kind === 'text' && !message.deleted_at && message.author?.id !== mine;
}
