// System messages: the typed payload -> a text key and its parameters. Texts are made in the reader's language, not by the server.
import type { Id, SystemPayload } from '../api/types';
import type { Key } from './i18n';

export interface SystemText {
  key: Key;
  /** `value` is a name or a word of the payload; `valueKey` one that has a translation. */
  value?: string;
  valueKey?: string;
  people?: string[];
}

type Named = { id?: Id; name?: string; number?: string | null } | null | undefined;
const named = (payload: SystemPayload, field: string) => (payload[field] as Named)?.name;
const number = (payload: SystemPayload) => (payload['ticket'] as Named)?.number ?? '';
const text = (payload: SystemPayload, field: string) => String(payload[field] ?? '');
const people = (payload: SystemPayload) => ((payload['people'] as Named[] | undefined) ?? []).flatMap((one) => (one?.name ? [one.name] : []));

/** By the payload's type; `actor` is whose doing it was. */
const readers: Record<string, (payload: SystemPayload, actor: Id | null) => SystemText> = {
  participants_added: (payload) => ({ key: 'system.added', people: people(payload) }),
  participant_removed: (payload) => ({ key: 'system.removed', people: people(payload) }),
  participant_joined: (payload) => ({ key: 'system.joined', people: people(payload) }),
  participant_left: (payload) => ({ key: 'system.left', people: people(payload) }),
  title_changed: (payload) => ({ key: 'system.title', value: text(payload, 'title') }),
  status_changed: (payload) => ({ key: 'system.status', valueKey: `status.${text(payload, 'status')}` }),
  priority_changed: (payload) => ({ key: 'system.priority', valueKey: payload['priority'] ? `priority.${text(payload, 'priority')}` : 'common.none' }),
  assigned: (payload, actor) => {
    const assignee = payload['assignee'] as Named;
    if (!assignee?.name) return { key: 'system.unassigned' };
    return assignee.id === actor ? { key: 'system.took' } : { key: 'system.assigned', value: assignee.name };
  },
  team_assigned: (payload) => (named(payload, 'team') ? { key: 'system.team', value: named(payload, 'team') } : { key: 'system.no_team' }),
  ticket_opened: (payload) => ({ key: 'system.ticket_opened', value: number(payload) }),
  ticket_resolved: (payload) => ({ key: 'system.ticket_resolved', value: number(payload) }),
};

/** Null for a type that this version does not know. */
export function systemText(payload: SystemPayload | null | undefined, actor: Id | null): SystemText | null {
  return payload ? (readers[payload.type]?.(payload, actor) ?? null) : null;
}
