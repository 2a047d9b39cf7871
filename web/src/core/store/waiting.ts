// A message on its way to the server, as it is kept and shown until the server has it.
import type { Attachment, Id, Related, ReplyTo } from '../api/shapes';

export interface Waiting {
  client_id: string;
  conversation_id: Id;
  order: number;
  created_at: string;
  /** As it is shown … */
  body: string;
  /** … and as it is sent, with ids of people. Absent in what an older version kept. */
  sent?: string;
  is_private_note: boolean;
  thread_root_id: Id | null;
  reply_to: ReplyTo | null;
  /** Absent in what an older version kept. */
  attachments?: Attachment[];
  /** The record of the host application that the message is about. */
  related?: Related | null;
  failed: { code: string; detail: string } | null;
}
