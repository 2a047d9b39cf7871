import type { Person, SystemPayload } from '$core/api';
import { english, type Key } from '$core/text/i18n';
import { systemText } from '$core/text/systemMessages';
import { i18n, t } from './i18n.svelte';

/** A system message in the reader's words. */
export function systemLine(payload: SystemPayload | null | undefined, author: Person | null): string {
  const system = systemText(payload, author?.id ?? null);
  const people = new Intl.ListFormat(i18n.locale).format(system?.people ?? []) || t('system.somebody');
  const actor = !author || author.kind === 'system' ? t('system.system') : author.name;
  if (!system) return t('system.other', { actor });
  const translated = system.valueKey && system.valueKey in english ? t(system.valueKey as Key) : undefined;
  return t(system.key, { actor, people, value: translated ?? system.value ?? '' });
}
