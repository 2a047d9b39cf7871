// What one may do with a message, by what is known of oneself and of the conversation. The server has the last word.
import type { Conversation, Me, Message } from '$core/api';

const isMine = (me: Me, message: Message) => message.kind === 'text' && !message.deleted_at && message.author?.id === me.id;

export function mayEdit(me: Me, message: Message): boolean {
  if (!isMine(me, message)) return false;
  const seconds = me.settings.edit_window_seconds ?? -1; // -1 is for ever, 0 never
  return seconds < 0 || Date.now() - Date.parse(message.created_at) < seconds * 1000;
}

export const mayDelete = (me: Me, message: Message, conversation: Conversation) =>
  isMine(me, message) || (message.kind === 'text' && !message.deleted_at && conversation.me.can.manage && conversation.kind !== 'direct');
