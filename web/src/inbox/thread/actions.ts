// What one can do with a message in the inbox, beside what `$ui/messageactions` has.
import { pinMessage, unpinMessage, type Conversation, type Message } from '$core/api';
import { client, session } from '../live';
import { t } from '$ui/i18n.svelte';
import { attempt } from '$thread/messageActions';
import { href } from '$ui/router.svelte';
import { toasts } from '$ui/toast.svelte';

export function togglePin(message: Message): void {
  const { store } = session();
  const before = message.pinned_at;
  const set = (pinned_at: string | null) => store.changeMessage(message.id, (one) => ({ ...one, pinned_at }));
  set(before ? null : new Date().toISOString());
  void attempt(() => (before ? unpinMessage(client, message.id) : pinMessage(client, message.id)), () => set(before));
}

async function copy(text: string, said: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.say(said);
  } catch (error) {
    toasts.failed(error);
  }
}

export const copyText = (message: Message) => copy(message.body, t('action.text_copied'));
export const copyLink = (message: Message) =>
  copy(location.origin + href({ name: 'conversation', id: message.conversation_id, seq: message.seq }), t('action.link_copied'));

export const copyConversationLink = ({ id }: Conversation) => copy(location.origin + href({ name: 'conversation', id }), t('action.link_copied'));

/** Everything here counts as read. */
export function readAll({ id, last_seq }: Conversation): void {
  session().readPositions.held.delete(id);
  session().readPositions.seen(id, last_seq);
}

export function markUnread(message: Message): void {
  void attempt(async () => {
    await session().readPositions.markUnread(message.conversation_id, message.seq);
    toasts.say(t('action.marked_unread'));
  }, () => {});
}

export const mayPin = (message: Message, conversation: Conversation) => message.kind === 'text' && !message.deleted_at && conversation.me.participant;
