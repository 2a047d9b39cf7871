// How far a message of mine has come. With a customer only theirs counts, unless it is a note.
import type { Conversation, Id, Message } from '$core/api';

export interface Receipt {
  state: 'sent' | 'delivered' | 'read';
  readers: number;
  /** More than one could read it. */
  many: boolean;
  /** When the only other one last read here, and up to which message. */
  readAt: string | null;
  readTo: number;
}

/** For each state, its words; `many` have others. */
export const RECEIPT_TEXTS = { sent: 'message.sent', delivered: 'message.delivered', read: 'message.read' } as const;

export function receiptOf(message: Message, { kind, participants }: Conversation, me: Id): Receipt {
  const counts = (person: { kind: string }) => kind !== 'support' || message.is_private_note || person.kind === 'contact';
  const others = participants.filter(({ left_at, person }) => !left_at && person.id !== me && counts(person));
  const readers = others.filter((part) => part.last_read_seq >= message.seq).length;
  const delivered = others.some((part) => part.last_delivered_seq >= message.seq);
  const many = others.length > 1;
  return { state: readers ? 'read' : delivered ? 'delivered' : 'sent', readers, many, readAt: readers && !many ? others[0]!.last_read_at : null, readTo: others[0]?.last_read_seq ?? 0 };
}
