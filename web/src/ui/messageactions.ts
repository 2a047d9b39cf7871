// What the inbox and the quick messenger let one do with a message. It shows at once and is taken back when the server refuses.
import { api, type Conversation, type Message } from '$core/api';
import { withReaction } from '$core/store/events';
import { live, session } from './live.svelte';
import { t } from './i18n.svelte';
import { toasts } from './toast.svelte';

export async function attempt(work: () => Promise<unknown>, back: () => void): Promise<void> {
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

/** The row shows the tombstone at once; the server is told when the time for Undo is over. */
export function remove(message: Message): void {
  const { store } = session();
  const back = () => store.changeMessage(message.id, () => message);
  store.changeMessage(message.id, (one) => ({ ...one, body: '', html: '', reactions: [], deleted_at: new Date().toISOString() }));
  toasts.undoable(t('action.deleted'), () => void attempt(() => api.deleteMessage(message.id), back), back);
}

export function mayEdit(message: Message): boolean {
  if (!mayDeleteOwn(message)) return false;
  const seconds = live.me().settings.edit_window_seconds ?? -1; // -1 is for ever, 0 never
  return seconds < 0 || Date.now() - Date.parse(message.created_at) < seconds * 1000;
}

const mayDeleteOwn = (message: Message) => message.kind === 'text' && !message.deleted_at && message.author?.id === live.me().id;
export const mayDelete = (message: Message, conversation: Conversation) =>
  mayDeleteOwn(message) || (message.kind === 'text' && !message.deleted_at && conversation.me.can.manage && conversation.kind !== 'direct');
