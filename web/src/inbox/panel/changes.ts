// Changes to a conversation, shown at once and taken back when the server refuses.
import { addParticipants, joinConversation, updateConversation, type Conversation, type ConversationChange, type Id, type Notify, type Status } from '$core/api';
import { exact } from '$core/text/time';
import { client, live, session } from '../live';
import { changeMine } from '$thread/conversationActions';
import { i18n, t } from '$ui/i18n.svelte';
import { toasts } from '$ui/toast.svelte';

export async function change(conversation: Conversation, changes: ConversationChange): Promise<boolean> {
  const { store } = session();
  const keys = Object.keys(changes) as (keyof ConversationChange)[];
  const before = Object.fromEntries(keys.map((key) => [key, conversation[key]])) as ConversationChange;
  store.changeConversation(conversation.id, changes as Partial<Conversation>);
  try {
    store.putConversation(await updateConversation(client, conversation.id, changes));
    return true;
  } catch (error) {
    store.changeConversation(conversation.id, before as Partial<Conversation>);
    toasts.failed(error);
    return false;
  }
}

export async function setStatus(conversation: Conversation, status: Status): Promise<void> {
  const before = conversation.status;
  if (before === status || !(await change(conversation, { status }))) return;
  const undo = () => void change(session().store.conversation(conversation.id) ?? conversation, { status: before });
  toasts.undoable(t('panel.resolved_toast', { status: t(`status.${status}`) }), () => {}, undo);
}

export const assign = (conversation: Conversation, assignee_id: Id | null) => change(conversation, { assignee_id });

/** Out of the way until then; whoever takes it back wakes it. */
export async function snooze(conversation: Conversation, until: Date): Promise<void> {
  const { id, status } = conversation;
  if (!(await change(conversation, { status: 'snoozed', snoozed_until: until.toISOString() }))) return;
  const undo = () => void change(session().store.conversation(id) ?? conversation, { status, snoozed_until: null });
  toasts.undoable(t('snooze.done', { time: exact(until.toISOString(), i18n.dates) }), () => {}, undo);
}

export function toggleLabel(conversation: Conversation, label: string): Promise<boolean> {
  const { labels } = conversation;
  return change(conversation, { labels: labels.includes(label) ? labels.filter((one) => one !== label) : [...labels, label] });
}

export async function invite(conversation: Conversation, person: { id: Id; name: string }): Promise<void> {
  try {
    await addParticipants(client, conversation.id, [person.id]);
    session().want(conversation.id);
    toasts.say(t('panel.added', { name: person.name }));
  } catch (error) {
    toasts.failed(error);
  }
}

const mine = (conversation: Conversation, changes: { muted?: boolean; notify?: Notify }) => changeMine(live, conversation, changes).catch((error: unknown) => toasts.failed(error));

export const toggleMute = (conversation: Conversation) => mine(conversation, { muted: !conversation.me.muted });
export const setNotify = (conversation: Conversation, notify: Notify) => mine(conversation, { notify });

export async function join(conversation: Conversation): Promise<void> {
  try {
    await joinConversation(client, conversation.id);
    await session().conversation(conversation.id);
  } catch (error) {
    toasts.failed(error);
  }
}
