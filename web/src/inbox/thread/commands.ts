// The slash commands: who may use which, what each works on, and what it does. The composer shows and runs them.
import type { Component } from 'svelte';
import { listMessages, type Conversation, type Person, type Priority } from '$core/api';
import { fuzzy } from '$core/text/editing';
import type { Key } from '$core/text/i18n';
import { KINDS, isOver } from '$core/store/kinds';
import { folded } from '$core/text/names';
import { snoozeChoices } from '$core/text/snooze';
import { exact } from '$core/text/time';
import { i18n, t } from '$ui/i18n.svelte';
import { client, live, session } from '../live';
import { toasts } from '$ui/toast.svelte';
import { assign, change, invite, setStatus, snooze, toggleLabel, toggleMute } from '../panel/changes';
import { escalate, finished, may } from '../triage';
import { togglePin } from './actions';
import type { StaffComposer } from './StaffComposer';

/** A line of the list under the composer. */
export interface Offer {
  key: string;
  text: string;
  hint?: string;
  /** What a command wants after its name. */
  argument?: string;
  person?: Person;
  conversation?: Conversation;
  sign?: string;
  icon?: Component<{ size?: number }>;
  /** Takes the place of what was typed … */
  insert?: string;
  /** … or does something at once. */
  run?: () => unknown;
}

interface Place { conversation: Conversation; composer: StaffComposer }
export interface Command {
  name: string;
  label: Key;
  /** What comes after its name. */
  argument?: Key;
  may: (conversation: Conversation) => boolean;
  /** It may stand alone. */
  alone?: boolean;
  /** Its argument is somebody: the list looks for people. */
  people?: boolean;
  offers?: (place: Place, people: Person[]) => Offer[];
  /** With a text of one's own. */
  run?: (place: Place, argument: string) => unknown;
}

const everybody = (): Offer[] => {
  const me = live.me();
  return [{ key: 'me', text: `${me.name} (${t('common.you')})`, person: { ...me, kind: 'user' } }];
};
const status = (place: Place) => KINDS[place.conversation.kind].statuses.filter((one) => one !== 'snoozed' && one !== place.conversation.status);

export const COMMANDS: Command[] = [
  {
    name: 'note', label: 'slash.note', argument: 'slash.text', alone: true, may: ({ me }) => me.can.note,
    run: ({ conversation, composer }, text) => {
      composer.write(true);
      if (text) session().drafts.set(conversation.id, 'note', text);
      composer.focus();
    },
  },
  { name: 'assign', label: 'triage.assign', argument: 'slash.person', may: may.assign, people: true,
    offers: ({ conversation }, people) => [
      ...everybody().map((one) => ({ ...one, run: () => assign(conversation, live.me().id) })),
      { key: 'nobody', text: t('panel.unassigned'), run: () => assign(conversation, null) },
      ...people.map((person) => ({ key: person.id, text: person.name, person, run: () => assign(conversation, person.id) })),
    ] },
  { name: 'team', label: 'triage.team', argument: 'slash.team', may: (one) => may.team(one) && live.teams().length > 0,
    offers: ({ conversation }) => live.teams().map((team) => ({ key: team.id, text: team.name, run: () => change(conversation, { team_id: team.id }) })) },
  { name: 'priority', label: 'triage.priority', argument: 'slash.priority', may: may.priority,
    offers: ({ conversation }) => (['urgent', 'high', 'normal', 'low'] as Priority[]).map((priority) => ({ key: priority, text: t(`priority.${priority}`), run: () => change(conversation, { priority }) })) },
  { name: 'status', label: 'slash.status', argument: 'slash.status_hint', may: ({ me, kind }) => me.can.close && KINDS[kind].statuses.length > 1,
    offers: (place) => status(place).map((one) => ({ key: one, text: t(`status.${one}`), run: () => setStatus(place.conversation, one) })) },
  { name: 'label', label: 'triage.label', argument: 'slash.label', may: may.label,
    offers: ({ conversation }) => [...new Set([...conversation.labels, ...live.list().flatMap((one) => one.labels)])].sort().map((label) => ({
      key: label, text: label, hint: conversation.labels.includes(label) ? t('slash.takes_away') : undefined, run: () => toggleLabel(conversation, label) })),
    run: ({ conversation }, label) => toggleLabel(conversation, label) },
  { name: 'snooze', label: 'triage.snooze', argument: 'slash.when', may: may.snooze,
    offers: ({ conversation }) => snoozeChoices().map(({ choice, at }) => ({ key: choice, text: t(`snooze.${choice}`), hint: exact(at.toISOString(), i18n.dates), run: () => snooze(conversation, at) })) },
  { name: 'resolve', label: 'keys.resolve', alone: true, may: (one) => may.resolve(one) && finished(one) === 'resolved' && !isOver(one.status),
    run: ({ conversation }) => setStatus(conversation, 'resolved') },
  { name: 'close', label: 'triage.close', alone: true, may: (one) => may.resolve(one) && KINDS[one.kind].statuses.includes('closed') && one.status !== 'closed',
    run: ({ conversation }) => setStatus(conversation, 'closed') },
  { name: 'reopen', label: 'why.reopen', alone: true, may: (one) => may.resolve(one) && isOver(one.status),
    run: ({ conversation }) => setStatus(conversation, KINDS[conversation.kind].statuses[0]!) },
  { name: 'ticket', label: 'triage.ticket', argument: 'slash.title', alone: true, may: may.ticket, run: ({ conversation }, title) => escalate(conversation, title) },
  { name: 'invite', label: 'slash.invite', argument: 'slash.person', may: ({ me }) => me.can.invite, people: true,
    offers: ({ conversation }, people) => {
      const inside = new Set(conversation.participants.filter((part) => !part.left_at).map((part) => part.person.id));
      return people.filter((one) => !inside.has(one.id)).map((person) => ({ key: person.id, text: person.name, person, run: () => invite(conversation, person) }));
    } },
  { name: 'mute', label: 'keys.mute', alone: true, may: may.mute, run: ({ conversation }) => toggleMute(conversation) },
  { name: 'pin', label: 'slash.pin', alone: true, may: ({ me, last_message }) => me.participant && last_message?.kind === 'text' && !last_message.deleted,
    run: ({ conversation }) => pinLast(conversation) },
];

async function pinLast(conversation: Conversation): Promise<void> {
  const { id } = conversation;
  const known = session().store.timeline(id);
  const items = known && !known.hasAfter ? known.items : (await listMessages(client, id, { limit: 10 })).items;
  const last = items.findLast((message) => message.kind === 'text' && !message.deleted_at);
  if (!last || last.pinned_at) return;
  togglePin(last);
  toasts.say(t('slash.pinned'));
}

export const command = (name: string, conversation: Conversation): Command | undefined => COMMANDS.find((one) => one.name === name && one.may(conversation));

/** The commands that begin like this; those that only contain it come after. */
export function commandOffers(query: string, place: Place, run: (work: () => unknown) => void): Offer[] {
  return best(COMMANDS.filter((one) => one.may(place.conversation)), query, (one) => [one.name, folded(t(one.label))]).map((one) => ({
    key: one.name, sign: '/', text: `/${one.name}`, argument: one.argument && t(one.argument), hint: t(one.label),
    ...(one.argument ? { insert: `/${one.name} ` } : { run: () => run(() => one.run!(place, '')) }),
  }));
}

export function argumentOffers(name: string, query: string, place: Place, people: Person[], run: (work: () => unknown) => void): Offer[] {
  const offers = command(name, place.conversation)?.offers?.(place, people) ?? [];
  return best(offers, query, (one) => [folded(one.text), folded(one.key)]).map((one) => ({ ...one, run: () => run(one.run!) }));
}

function best<T>(list: T[], query: string, texts: (one: T) => string[]): T[] {
  const words = folded(query.trim());
  const rank = (one: T) => Math.min(...texts(one).map((text) => fuzzy(text, words)).map((at) => (at < 0 ? 9 : at)));
  return list.map((one) => ({ one, at: words ? rank(one) : 0 })).filter(({ at }) => at < 9).sort((a, b) => a.at - b.at).map(({ one }) => one);
}
