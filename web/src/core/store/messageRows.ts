// The messages of a conversation as rows to be drawn: days, the "New" divider, grouping, and messages still on their way.
import type { Message } from '../api/shapes';
import type { Waiting } from './waiting';
import { dayKey } from '../text/time';

export interface Row {
  key: string;
  message: Message | null;
  waiting: Waiting | null;
  author: string;
  at: string;
  /** Shown before the row. */
  day: boolean;
  first: boolean;
  isNew: boolean;
  /** First and last of a run of one author. */
  starts: boolean;
  ends: boolean;
  /** Seeing this row means having seen everything up to here. */
  upTo: number;
}

export interface RowsInput {
  items: readonly Message[];
  waiting: readonly Waiting[];
  me: string;
  /** The first unread seq when the conversation was opened. */
  newFrom: number | null;
  lastSeq: number;
  hasBefore: boolean;
  hasAfter: boolean;
  /** The root, in the panel of a thread: that every reply answers it need not be said there. */
  thread?: string;
}

const GROUP_WITHIN = 5 * 60_000;

export function buildRows(input: RowsInput): Row[] {
  const shown = input.thread ? input.items.map((message) => withoutQuote(message, input.thread!)) : input.items;
  const arrived = new Set(input.items.map((message) => message.client_id).filter(Boolean));
  const rows = shown.map(fromMessage);
  if (!input.hasAfter) {
    for (const entry of input.waiting) {
      if ((!input.thread || entry.thread_root_id === input.thread) && !arrived.has(entry.client_id)) rows.push(fromWaiting(entry, input.me));
    }
  }
  let divided = input.newFrom === null;
  rows.forEach((row, index) => {
    const before = rows[index - 1];
    row.day = !before || dayKey(before.at) !== dayKey(row.at);
    row.first = index === 0 && !input.hasBefore;
    if (!divided && row.message && row.message.seq >= input.newFrom! && isNews(row.message, input.me)) {
      row.isNew = divided = true;
    }
    row.starts = !before || row.day || row.isNew || !together(before, row);
    if (before) before.ends = row.starts;
    const next = shown[index + 1];
    row.upTo = next ? next.seq - 1 : input.hasAfter ? (row.message?.seq ?? 0) : input.lastSeq;
  });
  return rows;
}

const withoutQuote = (message: Message, root: string): Message => (message.reply_to?.id === root ? { ...message, reply_to: null } : message);
const isNews = (message: Message, me: string) => message.author?.id !== me || message.kind === 'system';

function fromMessage(message: Message): Row {
  return {
    key: message.client_id ?? message.id, message, waiting: null, author: message.author?.id ?? '', at: message.created_at,
    day: false, first: false, isNew: false, starts: true, ends: true, upTo: message.seq,
  };
}

function fromWaiting(waiting: Waiting, me: string): Row {
  return {
    key: waiting.client_id, message: null, waiting, author: me, at: waiting.created_at,
    day: false, first: false, isNew: false, starts: true, ends: true, upTo: 0,
  };
}

const isNote = (row: Row) => row.message?.is_private_note ?? row.waiting?.is_private_note ?? false;
const isSystem = (row: Row) => row.message?.kind === 'system';

function together(before: Row, row: Row): boolean {
  return (
    before.author === row.author && !isSystem(before) && !isSystem(row) && isNote(before) === isNote(row) && !row.message?.reply_to && !row.waiting?.reply_to &&
    Date.parse(row.at) - Date.parse(before.at) < GROUP_WITHIN
  );
}
