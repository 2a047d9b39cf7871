// What one can do with a message. Everything shows at once and is taken back when the server refuses.
import { api, type Conversation, type Message } from '$core/api';
import { withReaction } from '$core/store/events';
import { live, session } from '$ui/live.svelte';
import { t } from '$ui/i18n.svelte';
import { href } from '$ui/router.svelte';
import { toasts } from '$ui/toast.svelte';

async function attempt(work: () => Promise<unknown>, back: () => void): Promise<void> {
  try {
    await work();
  } catch (error) {
    back();
    toasts.failed(error);
  }
}

export function react(message: Message, emoji: string): void {
  const { store } = session();
  const me = store.me!.id;
  const added = !message.reactions.some((one) => one.emoji === emoji && (one.mine ?? one.users.includes(me)));
  const set = (on: boolean) => store.changeMessage(message.id, (one) => withReaction(one, emoji, me, on, me));
  set(added);
  void attempt(() => (added ? api.react(message.id, emoji) : api.unreact(message.id, emoji)), () => set(!added));
}

export function togglePin(message: Message): void {
  const { store } = session();
  const before = message.pinned_at;
  const set = (pinned_at: string | null) => store.changeMessage(message.id, (one) => ({ ...one, pinned_at }));
  set(before ? null : new Date().toISOString());
  void attempt(() => (before ? api.unpin(message.id) : api.pin(message.id)), () => set(before));
}

/** The row shows the tombstone at once; the server is told when the time for Undo is over. */
export function remove(message: Message): void {
  const { store } = session();
  const back = () => store.changeMessage(message.id, () => message);
  store.changeMessage(message.id, (one) => ({ ...one, body: '', html: '', reactions: [], deleted_at: new Date().toISOString() }));
  toasts.undoable(t('action.deleted'), () => void attempt(() => api.deleteMessage(message.id), back), back);
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
  session().reading.held.delete(id);
  session().reading.seen(id, last_seq);
}

export function markUnread(message: Message): void {
  void attempt(async () => {
    await session().reading.markUnread(message.conversation_id, message.seq);
    toasts.say(t('action.marked_unread'));
  }, () => {});
}

export function mayEdit(message: Message): boolean {
  if (!mayDeleteOwn(message)) return false;
  const seconds = live.me().settings.edit_window_seconds ?? -1; // -1 is for ever, 0 never
  return seconds < 0 || Date.now() - Date.parse(message.created_at) < seconds * 1000;
}

const mayDeleteOwn = (message: Message) => message.kind === 'text' && !message.deleted_at && message.author?.id === live.me().id;
export const mayDelete = (message: Message, conversation: Conversation) =>
  mayDeleteOwn(message) || (message.kind === 'text' && !message.deleted_at && conversation.me.can.manage && conversation.kind !== 'direct');
export const mayPin = (message: Message, conversation: Conversation) => message.kind === 'text' && !message.deleted_at && conversation.me.participant;
