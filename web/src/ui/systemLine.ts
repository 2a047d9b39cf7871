import type { Person, SystemMessage } from '$core/api';
import { isolated } from '$core/text/i18n';
import { systemText } from '$core/text/systemMessages';
import { i18n, t } from './i18n.svelte';

/** A system message in the reader's words. */
export function systemLine(payload: SystemMessage | null | undefined, author: Person | null): string {
  const system = systemText(payload, author?.id ?? null);
  const people = new Intl.ListFormat(i18n.locale).format(system?.people?.map((name) => isolated(name)) ?? []) || t('system.somebody');
  const actor = !author || author.kind === 'system' ? t('system.system') : author.name;
  if (!system) return t('system.other', { actor });
  return t(system.key, { actor, people, value: system.valueKey ? t(system.valueKey) : (system.value ?? '') });
}
