// System messages: the typed payload -> a text key and its parameters. Texts are made by the reader's language, not by the server.
import type { Message, SystemPayload } from './api/types';
import type { Key } from './i18n';

export interface SystemText {
  key: Key;
  /** `value` is a name or a word of the payload; `valueKey` one that has a translation. */
  value?: string;
  valueKey?: string;
  people?: string[];
}

type Reader = (payload: SystemPayload) => SystemText;

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : nameOf(value));
const nameOf = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null && typeof (value as { name?: unknown }).name === 'string' ? (value as { name: string }).name : undefined;
const pick = (payload: SystemPayload, ...fields: string[]) => fields.map((field) => text(payload[field])).find((value) => value !== undefined);

function people(payload: SystemPayload): string[] {
  const list = payload['people'] ?? payload['participants'] ?? payload['persons'] ?? payload['users'] ?? payload['members'];
  if (Array.isArray(list)) return list.map((one) => text((one as { person?: unknown })?.person ?? one)).filter((name) => name !== undefined);
  const one = pick(payload, 'person', 'user', 'name');
  return one ? [one] : [];
}

const readers: Record<string, Reader> = {
  opened: () => ({ key: 'system.opened' }),
  joined: () => ({ key: 'system.joined' }),
  left: () => ({ key: 'system.left' }),
  added: (payload) => ({ key: 'system.added', people: people(payload) }),
  removed: (payload) => ({ key: 'system.removed', people: people(payload) }),
  title: (payload) => ({ key: 'system.title', value: pick(payload, 'to', 'title', 'value', 'new') ?? '' }),
  description: () => ({ key: 'system.description' }),
  subject: (payload) => ({ key: 'system.subject', value: pick(payload, 'to', 'subject', 'value', 'new') ?? '' }),
  status: (payload) => ({ key: 'system.status', valueKey: `status.${pick(payload, 'to', 'status', 'value', 'new') ?? ''}` }),
  priority: (payload) => {
    const to = pick(payload, 'to', 'priority', 'value', 'new');
    return { key: 'system.priority', valueKey: to ? `priority.${to}` : 'common.none' };
  },
  assigned: (payload) => {
    const name = pick(payload, 'to_name', 'assignee_name', 'name', 'to', 'assignee', 'value');
    return name ? { key: 'system.assigned', value: name } : { key: 'system.unassigned' };
  },
  unassigned: () => ({ key: 'system.unassigned' }),
  team: (payload) => ({ key: 'system.team', value: pick(payload, 'team_name', 'to_name', 'name', 'to', 'team', 'value') ?? '' }),
  labels: () => ({ key: 'system.labels' }),
  linked: () => ({ key: 'system.linked' }),
  replies: (payload) => ({ key: (payload['to'] ?? payload['enabled'] ?? payload['replies_enabled']) ? 'system.replies_on' : 'system.replies_off' }),
  archived: () => ({ key: 'system.archived' }),
  restored: () => ({ key: 'system.restored' }),
  pinned: () => ({ key: 'system.pinned' }),
  unpinned: () => ({ key: 'system.unpinned' }),
  role: (payload) => ({ key: 'system.role', people: people(payload), valueKey: `role.${pick(payload, 'role', 'to') ?? 'member'}` }),
};

/** Other names under which the same things may come. */
const ALIASES: [RegExp, string][] = [
  [/unassign/, 'unassigned'], [/assign/, 'assigned'], [/role/, 'role'],
  [/(participants?|members?)[._]added|^add/, 'added'], [/(participants?|members?)[._]removed|^remove|kicked/, 'removed'],
  [/join/, 'joined'], [/left|leave/, 'left'], [/title|renamed|name/, 'title'], [/description|topic/, 'description'], [/subject/, 'subject'],
  [/unarchive|restored/, 'restored'], [/archive/, 'archived'], [/status|resolved|closed|reopened/, 'status'], [/priority/, 'priority'],
  [/team/, 'team'], [/label/, 'labels'], [/link/, 'linked'], [/repl/, 'replies'], [/unpin/, 'unpinned'], [/pin/, 'pinned'], [/open|created|started/, 'opened'],
];

export function systemText(message: Pick<Message, 'system'>): SystemText | null {
  const payload = message.system;
  if (!payload) return null;
  const name = payload.type in readers ? payload.type : ALIASES.find(([pattern]) => pattern.test(payload.type))?.[1];
  return name ? readers[name]!(payload) : null;
}
