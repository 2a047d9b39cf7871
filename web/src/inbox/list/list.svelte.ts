// What the list shows: filters, sections and their order, as plain rows for the virtual list.
import type { Conversation, Id } from '$core/api';
import { SECTIONS, inFilter, isMine, isOver, isUnassigned, sectionOf, type Filter, type Section } from '$core/store/kinds';
import { matchesWords, wordsOf } from '$core/text/conversationSearch';
import { titleOf } from '$core/text/names';
import { t } from '$ui/i18n.svelte';
import { live } from '../live';

export type ListRow =
  | { type: 'section'; key: string; section: Section; collapsed: boolean; count: number; unread: number; mentions: number }
  | { type: 'conversation'; key: Id; conversation: Conversation };

const COLLAPSED = 'parlor.collapsed';

function stored(): Section[] {
  try {
    return JSON.parse(localStorage.getItem(COLLAPSED) ?? '[]') as Section[];
  } catch {
    return [];
  }
}

export type Narrow = 'unread' | 'mentions' | 'mine' | 'unassigned';
export const NARROWS: Narrow[] = ['unread', 'mentions', 'mine', 'unassigned'];

const state = $state<{ filter: Filter; narrow: Narrow[]; search: string; collapsed: Section[]; keep: Id | null; found: Conversation[]; picked: Id[]; last: Id | null }>({
  filter: 'all', narrow: [], search: '', collapsed: stored(), keep: null, found: [], picked: [], last: null,
});

export const listView = {
  get filter() { return state.filter; },
  set filter(filter: Filter) { state.filter = filter; },
  is: (narrow: Narrow) => state.narrow.includes(narrow),
  only(narrow: Narrow): void {
    state.narrow = state.narrow.includes(narrow) ? state.narrow.filter((one) => one !== narrow) : [...state.narrow, narrow];
  },
  get search() { return state.search; },
  set search(text: string) { state.search = text; },
  /** What the server found beyond the loaded conversations. */
  set found(list: Conversation[]) { state.found = list; },
  /** The open conversation stays in the "unread" list although it has just been read. */
  set keep(id: Id | null) { state.keep = id; },
  get filtered() { return state.filter !== 'all' || state.narrow.length > 0 || state.search.trim() !== ''; },
  clear(): void {
    Object.assign(state, { filter: 'all', narrow: [], search: '', found: [] });
  },
  get picked(): readonly Id[] { return state.picked; },
  isPicked: (id: Id) => state.picked.includes(id),
  /** Marks one for the actions on several; with `range`, all between it and the last one marked. */
  pick(id: Id, range = false): void {
    const order = listOrder().map((one) => one.id);
    const [from, to] = [order.indexOf(state.last ?? id), order.indexOf(id)].sort((a, b) => a - b) as [number, number];
    if (range && from >= 0) state.picked = [...new Set([...state.picked, ...order.slice(from, to + 1)])];
    else state.picked = state.picked.includes(id) ? state.picked.filter((one) => one !== id) : [...state.picked, id];
    state.last = id;
  },
  pickAll(): void {
    state.picked = listOrder().map((one) => one.id);
  },
  unpick(): void {
    Object.assign(state, { picked: [], last: null });
  },
  toggle(section: Section): void {
    state.collapsed = state.collapsed.includes(section) ? state.collapsed.filter((one) => one !== section) : [...state.collapsed, section];
    try {
      localStorage.setItem(COLLAPSED, JSON.stringify(state.collapsed));
    } catch {
      // private window
    }
  },
};

function matches(conversation: Conversation, me: Id, words: string[]): boolean {
  if (!inFilter(conversation.kind, state.filter)) return false;
  const { unread, mentions } = conversation.me;
  const stays = () => conversation.id === state.keep; // asked for only where it counts: it changes with each conversation opened
  for (const narrow of state.narrow) {
    if (narrow === 'unread' && unread === 0 && !stays()) return false;
    if (narrow === 'mentions' && mentions === 0 && !stays()) return false;
    if (narrow === 'mine' && !isMine(conversation, me)) return false;
    if (narrow === 'unassigned' && !isUnassigned(conversation)) return false;
  }
  return matchesWords(conversation, me, words);
}

/** The matching conversations in the order of their sections. */
function bySection(): Map<Section, Conversation[]> {
  const me = live.me().id;
  const words = wordsOf(state.search);
  const sections = new Map<Section, Conversation[]>(SECTIONS.map((section) => [section, []]));
  const known = new Set<Id>();
  for (const conversation of live.list()) {
    known.add(conversation.id);
    if (matches(conversation, me, words)) sections.get(sectionOf(conversation.kind))!.push(conversation);
  }
  if (words.length) for (const extra of state.found) if (!known.has(extra.id)) sections.get(sectionOf(extra.kind))?.push(extra);
  // What is over sinks below what is still open.
  for (const list of sections.values()) list.sort((a, b) => Number(isOver(a.status)) - Number(isOver(b.status)));
  return sections;
}

export function listRows(): ListRow[] {
  const rows: ListRow[] = [];
  for (const [section, list] of bySection()) {
    if (list.length === 0) continue;
    const collapsed = state.collapsed.includes(section) && state.search.trim() === '';
    const loud = list.filter((one) => !one.me.muted || one.me.mentions > 0);
    const sum = (pick: (one: Conversation) => number) => loud.reduce((total, one) => total + pick(one), 0);
    rows.push({ type: 'section', key: section, section, collapsed, count: list.length, unread: sum((one) => one.me.unread), mentions: sum((one) => one.me.mentions) });
    if (!collapsed) for (const conversation of list) rows.push({ type: 'conversation', key: conversation.id, conversation });
  }
  return rows;
}

/** The conversations as they stand in the list, for the keys that go up and down. */
export const listOrder = (): Conversation[] => listRows().flatMap((row) => (row.type === 'conversation' ? [row.conversation] : []));

export const nameOf = (conversation: Conversation): string => titleOf(conversation, live.me().id, t(`kind.${conversation.kind}`));
