// The shortcuts: one list that binds them, fills the sheet on `?`, and gives the hints in tooltips and the palette.
import type { Key } from './i18n';
import { isImeComposing } from './composerKeys';

export type Scope = 'global' | 'list' | 'messages' | 'composer';
export interface Shortcut {
  id: string;
  /** `mod` is Cmd on a Mac, Ctrl elsewhere. Keys are those of `event.key`, so that every keyboard layout works. */
  keys: string[];
  scope: Scope;
  label: Key;
}

export const SHORTCUTS: Shortcut[] = [
  { id: 'palette', keys: ['mod+k'], scope: 'global', label: 'keys.palette' },
  { id: 'previous', keys: ['alt+arrowup'], scope: 'global', label: 'keys.previous' },
  { id: 'next', keys: ['alt+arrowdown'], scope: 'global', label: 'keys.next' },
  { id: 'previous_unread', keys: ['alt+shift+arrowup'], scope: 'global', label: 'keys.previous_unread' },
  { id: 'next_unread', keys: ['alt+shift+arrowdown'], scope: 'global', label: 'keys.next_unread' },
  { id: 'first_unread', keys: ['ctrl+j'], scope: 'global', label: 'keys.first_unread' },
  { id: 'regions', keys: ['f6', 'ctrl+f6'], scope: 'global', label: 'keys.regions' },
  { id: 'new', keys: ['c'], scope: 'global', label: 'nav.new' },
  { id: 'search', keys: ['/'], scope: 'global', label: 'nav.search' },
  { id: 'resolve', keys: ['e'], scope: 'global', label: 'keys.resolve' },
  { id: 'snooze', keys: ['s'], scope: 'global', label: 'triage.snooze' },
  { id: 'assign', keys: ['a'], scope: 'global', label: 'triage.assign' },
  { id: 'label', keys: ['l'], scope: 'global', label: 'triage.label' },
  { id: 'ticket', keys: ['t'], scope: 'global', label: 'triage.ticket' },
  { id: 'mute', keys: ['m'], scope: 'global', label: 'keys.mute' },
  { id: 'details', keys: ['i'], scope: 'global', label: 'keys.details' },
  { id: 'drafts', keys: ['d'], scope: 'global', label: 'drafts.title' },
  { id: 'pick', keys: ['x'], scope: 'list', label: 'keys.pick' },
  { id: 'pick_range', keys: ['shift+x'], scope: 'list', label: 'keys.pick_range' },
  { id: 'help', keys: ['?'], scope: 'global', label: 'keys.help' },
  { id: 'row_next', keys: ['j', 'arrowdown'], scope: 'messages', label: 'keys.row_next' },
  { id: 'row_previous', keys: ['k', 'arrowup'], scope: 'messages', label: 'keys.row_previous' },
  { id: 'row_menu', keys: ['enter'], scope: 'messages', label: 'message.actions' },
  { id: 'reply', keys: ['r'], scope: 'messages', label: 'action.reply' },
  { id: 'note', keys: ['n'], scope: 'messages', label: 'keys.note' },
  { id: 'unread', keys: ['u'], scope: 'messages', label: 'action.mark_unread' },
  { id: 'send', keys: ['enter'], scope: 'composer', label: 'composer.send' },
  { id: 'newline', keys: ['shift+enter'], scope: 'composer', label: 'keys.newline' },
  { id: 'edit_last', keys: ['arrowup'], scope: 'composer', label: 'keys.edit_last' },
  { id: 'mention', keys: ['@'], scope: 'composer', label: 'composer.mention' },
  { id: 'channel', keys: ['#'], scope: 'composer', label: 'keys.channel' },
  { id: 'emoji', keys: [':'], scope: 'composer', label: 'keys.emoji' },
  { id: 'command', keys: ['/'], scope: 'composer', label: 'keys.command' },
  { id: 'leave', keys: ['escape'], scope: 'composer', label: 'keys.leave' },
];

const isMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform ?? '');
const GLYPHS: Record<string, string> = {
  mod: isMac ? '⌘' : 'Ctrl', ctrl: 'Ctrl', alt: isMac ? '⌥' : 'Alt', shift: isMac ? '⇧' : 'Shift',
  arrowup: '↑', arrowdown: '↓', enter: 'Enter', escape: 'Esc',
};

/** "alt+arrowup" -> ["Alt", "↑"] */
export function glyphs(keys: string): string[] {
  return keys.split('+').map((part) => GLYPHS[part] ?? part.toUpperCase());
}

export function shortcut(id: string): Shortcut | undefined {
  return SHORTCUTS.find((one) => one.id === id);
}

export const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches('input:not([type=checkbox]):not([type=radio]),textarea,select,[role=combobox]'));

export function pressed(event: KeyboardEvent, keys: string): boolean {
  const parts = keys.split('+');
  const key = parts.pop()!;
  const wants = (name: string) => parts.includes(name);
  const mod = wants('mod');
  const ctrl = wants('ctrl') || (mod && !isMac);
  const meta = mod && isMac;
  if (event.ctrlKey !== ctrl || event.metaKey !== meta || event.altKey !== wants('alt')) return false;
  // A printed sign such as `?` or `/` may itself need Shift on some layouts.
  const sign = key.length === 1 && !/[a-z]/.test(key);
  if (!sign && event.shiftKey !== wants('shift')) return false;
  return event.key.toLowerCase() === key;
}

/** The id of the pressed shortcut of a scope. Single keys count only outside of fields and when they are switched on. */
export function match(event: KeyboardEvent, scope: Scope, singleKeys: boolean): string | null {
  if (isImeComposing(event)) return null;
  const typing = isTyping(event.target);
  for (const { id, keys, scope: own } of SHORTCUTS) {
    if (own !== scope) continue;
    for (const combination of keys) {
      const single = !combination.includes('+') && !/^f\d/.test(combination);
      if (single && (typing || (!singleKeys && combination.length === 1))) continue;
      if (pressed(event, combination)) return id;
    }
  }
  return null;
}
