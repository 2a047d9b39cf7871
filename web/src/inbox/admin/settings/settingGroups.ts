// How each setting is grouped and counted. A setting that is not named here (of a newer server) still shows, with the
// server's own text.
import type { Key } from '$core/text/i18n';
import { i18n, t } from '$ui/i18n.svelte';
import type { Setting, SettingShape } from '$core/api';

export type SettingGroup = 'messages' | 'presence' | 'privacy' | 'storage' | 'features';
const GROUP_OF: Record<string, SettingGroup> = {
  edit_window_seconds: 'messages', message_max_chars: 'messages', send_rate_per_minute: 'messages', attachment_max_mb: 'messages', picture_max_mb: 'messages', message_files_max_mb: 'messages',
  common_files_only: 'messages', message_notifications: 'messages',
  away_after_seconds: 'presence', offline_after_seconds: 'presence',
  super_admins_read_direct: 'privacy', audit_messages: 'privacy', audit_keep_days: 'privacy', token_audience: 'privacy',
  events_keep_days: 'storage', retention_days: 'storage', upload_mb_per_minute: 'storage', waiting_files: 'storage', waiting_mb: 'storage',
  waiting_files_of_all: 'storage', waiting_mb_of_all: 'storage',
  erp_enabled: 'features',
};
const ORDER: SettingGroup[] = ['messages', 'presence', 'privacy', 'storage', 'features'];
/** This one has a page of its own. */
const ELSEWHERE = ['retention_days'];

export type Unit = 'seconds' | 'days' | 'megabytes' | 'characters' | 'per_minute';
const UNIT_OF: Record<string, Unit> = {
  edit_window_seconds: 'seconds', away_after_seconds: 'seconds', offline_after_seconds: 'seconds', message_max_chars: 'characters',
  send_rate_per_minute: 'per_minute', attachment_max_mb: 'megabytes', picture_max_mb: 'megabytes', message_files_max_mb: 'megabytes', audit_keep_days: 'days', events_keep_days: 'days', retention_days: 'days',
  upload_mb_per_minute: 'megabytes', waiting_mb: 'megabytes', waiting_mb_of_all: 'megabytes',
};

export const unitOf = (setting: Setting): Unit | null => UNIT_OF[setting.key] ?? null;

export function grouped(settings: Setting[]): { group: SettingGroup; settings: Setting[] }[] {
  const shown = settings.filter((one) => !ELSEWHERE.includes(one.key));
  const of = (one: Setting): SettingGroup => GROUP_OF[one.key] ?? 'features';
  return ORDER.map((group) => ({ group, settings: shown.filter((one) => of(one) === group) })).filter((one) => one.settings.length > 0);
}

/** The key of a setting's name or hint, when this version of the app has words for it. */
export function words(kind: 'setting' | 'setting_hint', key: string): Key | null {
  const name = `${kind}.${key}`;
  return i18n.knows(name) ? name : null;
}

/** The word of a choice, as this version of the app says it, or as the server does. */
export function choiceName(key: string, word: string): string {
  const name = `setting_choice.${key}.${word}`;
  return i18n.knows(name) ? t(name) : word;
}

/** A typed text as the server wants it. */
export const typed = (setting: Pick<Setting, 'type'>, edit: string): number | string => (setting.type === 'integer' ? Number(edit) : edit);

/** What is typed says nothing new. A secret is never shown, so that an empty field means the one there is. */
export function isSame(setting: Setting, edit: string | boolean | null): boolean {
  if (edit === null) return setting.source !== 'tenant';
  if (setting.type === 'secret') return edit === '';
  return setting.type === 'integer' ? String(edit).trim() === String(setting.value) : edit === setting.value;
}

/** Between which numbers the value lies; of a text, how long it may be. */
export function rangeOf(setting: SettingShape): { min: number; max: number } {
  if (setting.type === 'integer') return { min: setting.min, max: setting.max };
  return { min: 0, max: setting.type === 'text' || setting.type === 'secret' ? setting.max_chars : Infinity };
}

/** What is wrong with a typed number or text: nothing, or the key of the sentence. */
export function refusal(text: string, setting: SettingShape): 'settings.whole' | 'settings.between' | 'settings.long' | null {
  const { min, max } = rangeOf(setting);
  if (setting.type !== 'integer') return [...text].length > max ? 'settings.long' : null;
  if (!/^-?\d+$/.test(text.trim())) return 'settings.whole';
  const number = Number(text);
  return number < min || number > max ? 'settings.between' : null;
}

/** "86400 seconds" is 1 day: a long count of seconds in the largest unit that fits. */
export function spoken(seconds: number): { count: number; unit: 'minute' | 'hour' | 'day' } | null {
  for (const [unit, size] of [['day', 86_400], ['hour', 3_600], ['minute', 60]] as const) {
    if (seconds >= size) return { unit, count: Math.round((seconds / size) * 10) / 10 };
  }
  return null;
}
