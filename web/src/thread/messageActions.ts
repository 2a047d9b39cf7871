// What the inbox and the quick messenger let one do with a message. It shows at once and is taken back when the server refuses.
import { addReaction, deleteMessage, removeReaction, type Message } from '$core/api';
import { withReaction } from '$core/store/events';
import type { Live } from '$ui/live.svelte';
import { t } from '$ui/i18n.svelte';
import { toasts } from '$ui/toast.svelte';

export async function attempt(work: () => Promise<unknown>, back: () => void): Promise<void> {
  try {
    await work();
  } catch (error) {
    back();
    toasts.failed(error);
  }
}

export function react(live: Live, message: Message, emoji: string): void {
  const { store } = live.session;
  const me = store.me!.id;
  const added = !message.reactions.some((one) => one.emoji === emoji && (one.mine ?? one.users.includes(me)));
  const set = (on: boolean) => store.changeMessage(message.id, (one) => withReaction(one, emoji, me, on, me));
  set(added);
  void attempt(() => (added ? addReaction(live.client, message.id, emoji) : removeReaction(live.client, message.id, emoji)), () => set(!added));
}

/** The row shows the tombstone at once; the server is told when the time for Undo is over. */
export function remove(live: Live, message: Message): void {
  const { store } = live.session;
  const back = () => store.changeMessage(message.id, () => message);
  store.changeMessage(message.id, (one) => ({ ...one, body: '', html: '', reactions: [], deleted_at: new Date().toISOString() }));
  toasts.undoable(t('action.deleted'), () => void attempt(() => deleteMessage(live.client, message.id), back), back);
}
