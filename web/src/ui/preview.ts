import type { Conversation, Id } from '$core/api';
import { isolated } from '$core/text/i18n';
import { t } from './i18n.svelte';
import { systemLine } from './systemLine';

/** What was said last in a conversation, in one line; `named`: of contacts too it is said who they are. */
export function previewOf({ kind, last_message: last }: Conversation, me: Id, named: boolean): string {
  if (!last) return t('list.no_messages');
  if (last.kind === 'system') return systemLine(last.system, last.author);
  if (last.deleted) return t('message.deleted');
  const anonymous = kind === 'direct' || (last.author?.kind === 'contact' && !named);
  const who = last.author?.id === me ? t('common.you') : anonymous ? '' : last.author?.name.split(' ')[0];
  const line = `${who}: ${last.preview || '…'}`;
  return who ? `${isolated(who, line)}: ${isolated(last.preview || '…', line)}` : last.preview || '…';
}
