// How each setting is grouped and counted. A setting that is not named here (of a newer server) still shows, with the
// server's own text.
import type { Key } from '$core/text/i18n';
import { i18n } from '$ui/i18n.svelte';
import type { Setting } from '$core/api';

export type SettingGroup = 'messages' | 'presence' | 'privacy' | 'storage' | 'features';
const GROUP_OF: Record<string, SettingGroup> = {
  edit_window_seconds: 'messages', message_max_chars: 'messages', send_rate_per_minute: 'messages', attachment_max_mb: 'messages', message_notifications: 'messages',
  away_after_seconds: 'presence', offline_after_seconds: 'presence',
  super_admins_read_direct: 'privacy', audit_messages: 'privacy', audit_keep_days: 'privacy',
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
  send_rate_per_minute: 'per_minute', attachment_max_mb: 'megabytes', audit_keep_days: 'days', events_keep_days: 'days', retention_days: 'days',
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

export type Range = { min: number; max: number };
export const rangeOf = (setting: Setting): Range => (setting.type === 'integer' ? { min: setting.min, max: setting.max } : { min: 0, max: 1 });

/** What is wrong with a typed number: nothing, or the key of the sentence. */
export function refusal(text: string, { min, max }: Range): 'settings.whole' | 'settings.between' | null {
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
