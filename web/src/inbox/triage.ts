// What one can do with a conversation as a whole: one list for the keys, the header, the palette, the commands and the selection.
import type { Conversation, Status } from '$core/api';
import { KINDS, isOver } from '$core/store/kinds';
import type { Key } from '$core/text/i18n';
import { live } from './live';
import { app } from './app.svelte';
import { setStatus, toggleMute } from './panel/changes';
import { nameOf } from './list/list.svelte';

export type TriageId = 'resolve' | 'snooze' | 'assign' | 'label' | 'team' | 'priority' | 'ticket' | 'mute';

const works = ({ kind }: Conversation) => kind === 'support' || kind === 'ticket';
export const finished = ({ kind }: Conversation): Status => (works({ kind } as Conversation) ? 'resolved' : 'closed');
const begins = ({ kind }: Conversation): Status => KINDS[kind].statuses[0]!;

export const may: Record<TriageId, (conversation: Conversation) => boolean> = {
  resolve: ({ me, kind }) => me.can.close && kind !== 'channel',
  snooze: ({ me, kind }) => kind === 'support' && me.can.manage,
  assign: (conversation) => works(conversation) && conversation.me.can.manage,
  label: (conversation) => works(conversation) && conversation.me.can.manage,
  team: (conversation) => works(conversation) && conversation.me.can.manage,
  priority: (conversation) => works(conversation) && conversation.me.can.manage,
  ticket: ({ kind }) => kind !== 'ticket' && live.me().rights.includes('ticket'),
  mute: ({ me }) => me.participant,
};

const runs: Record<TriageId, (conversation: Conversation) => void> = {
  resolve: (conversation) => void setStatus(conversation, isOver(conversation.status) ? begins(conversation) : finished(conversation)),
  snooze: ({ id }) => app.pick('snooze', [id]),
  assign: ({ id }) => app.pick('assign', [id]),
  label: ({ id }) => app.pick('label', [id]),
  team: ({ id }) => app.pick('team', [id]),
  priority: ({ id }) => app.pick('priority', [id]),
  ticket: (conversation) => escalate(conversation),
  mute: (conversation) => void toggleMute(conversation),
};

export function run(id: TriageId, conversation: Conversation | undefined): void {
  if (conversation && may[id](conversation)) runs[id](conversation);
}

/** A ticket about this conversation, linked with it. The customer learns nothing of it. */
export function escalate(conversation: Conversation, title = ''): void {
  const linked = conversation.kind === 'support' ? conversation : undefined;
  app.show('new', 'ticket', { subject: title || (conversation.subject ?? (linked ? nameOf(conversation) : '')), linked, related: conversation.related });
}

export function labelOf(id: TriageId, conversation: Conversation): Key {
  if (id === 'mute') return conversation.me.muted ? 'panel.unmute' : 'panel.mute';
  if (id === 'resolve') return isOver(conversation.status) ? 'why.reopen' : works(conversation) ? 'keys.resolve' : 'triage.close';
  return `triage.${id}`;
}
