// The kinds of conversation as data: where they are listed, how their rows look, which right opens them.
import type { Conversation, Kind, Me, Right, Status } from '../api/shapes';
import type { Key } from '../text/i18n';

export type Section = 'team' | 'support' | 'direct' | 'news' | 'tickets' | 'threads';
export type RowStyle = 'flat' | 'bubbles';
type Rule = {
  section: Section;
  rows: RowStyle;
  /** One of these is needed to open one; none: everybody may. */
  rights: Right[];
  statuses: Status[];
  threads: boolean;
  acknowledged: boolean;
};

const rule = (section: Section, rows: RowStyle, rights: Right[], statuses: Status[], extra: Partial<Rule> = {}): Rule => ({
  section, rows, rights, statuses, threads: false, acknowledged: false, ...extra,
});

export const KINDS: Record<Kind, Rule> = {
  direct: rule('direct', 'bubbles', [], ['active']),
  group: rule('direct', 'flat', ['group'], ['active'], { threads: true }),
  channel: rule('team', 'flat', ['channel'], ['active', 'archived'], { threads: true }),
  broadcast: rule('news', 'flat', ['broadcast'], ['active'], { acknowledged: true }),
  announcement: rule('news', 'flat', ['announce'], ['active'], { acknowledged: true }),
  support: rule('support', 'bubbles', ['support'], ['open', 'pending', 'snoozed', 'resolved', 'closed']),
  ticket: rule('tickets', 'flat', ['ticket'], ['open', 'in_progress', 'resolved', 'closed']),
  admin_store: rule('threads', 'bubbles', ['administer'], ['open', 'closed']),
  store_customer: rule('threads', 'bubbles', ['store'], ['open', 'closed']),
  admin_customer: rule('threads', 'bubbles', ['administer'], ['open', 'closed']),
};

export const SECTIONS: Section[] = ['team', 'support', 'direct', 'news', 'tickets', 'threads'];
export type Filter = 'all' | 'team' | 'support' | 'direct' | 'tickets';
export const FILTERS: Filter[] = ['all', 'team', 'support', 'direct', 'tickets'];

const FILTER_SECTIONS: Record<Filter, Section[]> = {
  all: SECTIONS,
  team: ['team', 'news'],
  support: ['support', 'threads'],
  direct: ['direct'],
  tickets: ['tickets'],
};

export const inFilter = (kind: Kind, filter: Filter) => FILTER_SECTIONS[filter].includes(KINDS[kind]?.section ?? 'threads');
export const sectionOf = (kind: Kind): Section => KINDS[kind]?.section ?? 'threads';

/** The right that is missing to open a conversation of this kind, if any. */
export function missingRight(me: Me, kind: Kind): Right | null {
  const { rights } = KINDS[kind];
  if (rights.length === 0 || rights.some((right) => me.rights.includes(right))) return null;
  return rights[0]!;
}

export const hasReceipts = (kind: Kind) => kind !== 'announcement' && kind !== 'broadcast';

/** Everybody takes part in an announcement, also who has not opened it yet. */
export const takesPart = (conversation: Conversation) => conversation.me.participant || conversation.kind === 'announcement';

/** It stands in my list: I take part, or my rights let me work on it. What I may merely look at or join does not. */
export const belongs = (conversation: Conversation) => takesPart(conversation) || conversation.me.can.post || conversation.me.can.note;

/** Is it mine to do: assigned to me, or opened by me where nobody is assigned. */
export function isMine(conversation: Conversation, me: string): boolean {
  const { assignee_id, created_by, kind } = conversation;
  if (kind === 'support' || kind === 'ticket') return assignee_id === me || (assignee_id === null && created_by === me);
  return created_by === me;
}

/** Waits for somebody to take it on. */
export const isUnassigned = ({ kind, assignee_id, status }: Conversation) => (kind === 'support' || kind === 'ticket') && assignee_id === null && !isOver(status);

export const isOver = (status: Status) => status === 'resolved' || status === 'closed' || status === 'archived';

const WHY: Record<string, Key> = {
  replies_disabled: 'why.replies_disabled', replies_off: 'why.replies_disabled', no_replies: 'why.replies_disabled',
  closed: 'why.closed', archived: 'why.archived',
  not_member: 'why.not_member', not_participant: 'why.not_member', no_participant: 'why.not_member',
  observer: 'why.observer', matrix: 'why.matrix', role: 'why.matrix', role_matrix: 'why.matrix', blocked: 'why.blocked', inactive: 'why.inactive',
};

/** `why_not_post` is a code where we know it; any other text of the server is shown as it is. */
export function whyNotPost(reason: string | null): { key: Key } | { text: string } {
  if (!reason) return { key: 'why.other' };
  const key = WHY[reason];
  if (key) return { key };
  return /\s/.test(reason) ? { text: reason } : { key: 'why.other' };
}
