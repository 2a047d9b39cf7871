// System messages: what one tells -> a text key and its parameters. Texts are made in the reader's language, not by the server.
import type { Id, SystemMessage } from '../api/shapes';
import type { Key } from './i18n';

export interface SystemText {
  key: Key;
  /** `value` is a name or a word of the message; `valueKey` one that has a translation. */
  value?: string;
  valueKey?: Key;
  people?: string[];
}

const names = (people: { name: string }[]) => people.map((one) => one.name);

/** `actor` is whose doing it was. Null for a type that this version does not know. */
export function systemText(told: SystemMessage | null | undefined, actor: Id | null): SystemText | null {
  switch (told?.type) {
    case 'participants_added': return { key: 'system.added', people: names(told.people) };
    case 'participant_removed': return { key: 'system.removed', people: names(told.people) };
    case 'participant_joined': return { key: 'system.joined', people: names(told.people) };
    case 'participant_left': return { key: 'system.left', people: names(told.people) };
    case 'title_changed': return { key: 'system.title', value: told.title ?? '' };
    case 'status_changed': return { key: 'system.status', valueKey: `status.${told.status}` };
    case 'priority_changed': return { key: 'system.priority', valueKey: `priority.${told.priority}` };
    case 'assigned':
      if (!told.assignee) return { key: 'system.unassigned' };
      return told.assignee.id === actor ? { key: 'system.took' } : { key: 'system.assigned', value: told.assignee.name };
    case 'team_assigned': return told.team ? { key: 'system.team', value: told.team.name } : { key: 'system.no_team' };
    case 'ticket_opened': return { key: 'system.ticket_opened', value: told.ticket.number };
    case 'ticket_resolved': return { key: 'system.ticket_resolved', value: told.ticket.number };
    default:
      told satisfies null | undefined;
      return null;
  }
}
