// Actions on several conversations: shown at once, one notice for all of them, and Undo that takes all of them back.
import { getConversation, markUnread, updateConversation, updateMyState, type Conversation, type Status } from '$core/api';
import { isOver } from '$core/store/kinds';
import { t } from '$ui/i18n.svelte';
import { client, session } from '../live';
import { toasts } from '$ui/toast.svelte';
import { finished } from '../triage';
import { listView } from './list.svelte';

/** Each on its own, so that one refusal does not stop the others; the first reason is told. */
async function each(list: readonly Conversation[], work: (one: Conversation) => Promise<unknown>): Promise<void> {
  let failed: unknown;
  for (const one of list) await work(one).catch((error: unknown) => (failed ??= error));
  if (failed) toasts.failed(failed);
}

function act(list: readonly Conversation[], said: string, work: (one: Conversation) => Promise<unknown>, back: (one: Conversation) => Promise<unknown>): void {
  listView.unpick();
  void each(list, work);
  toasts.undoable(said, () => {}, () => void each(list, back));
}

export function readAll(list: Conversation[]): void {
  const { store, readPositions } = session();
  const back = async ({ id, me }: Conversation) => {
    await readPositions.flush();
    await markUnread(client, id, me.last_read_seq + 1);
    store.putConversation(await getConversation(client, id));
  };
  act(list, t('bulk.read', { count: list.length }), async ({ id, last_seq }) => readPositions.seen(id, last_seq), back);
}

export function muteAll(list: Conversation[]): void {
  const set = async ({ id }: Conversation, muted: boolean) => {
    session().store.changeMine(id, { muted });
    await updateMyState(client, id, { muted });
  };
  act(list, t('bulk.muted', { count: list.length }), (one) => set(one, true), (one) => set(one, false));
}

async function setStatus({ id }: Conversation, status: Status): Promise<void> {
  const { store } = session();
  store.changeConversation(id, { status });
  try {
    store.putConversation(await updateConversation(client, id, { status }));
  } catch (error) {
    store.putConversation(await getConversation(client, id));
    throw error;
  }
}

export function resolveAll(list: Conversation[]): void {
  const open = list.filter((one) => !isOver(one.status));
  act(open, t('bulk.resolved', { count: open.length }), (one) => setStatus(one, finished(one)), (one) => setStatus(one, one.status === 'snoozed' ? 'open' : one.status));
}

export function archiveAll(list: Conversation[]): void {
  act(list, t('bulk.archived', { count: list.length }), (one) => setStatus(one, 'archived'), (one) => setStatus(one, 'active'));
}
