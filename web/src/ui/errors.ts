// What went wrong, in words for people. Raw texts of the server are shown only where they name a rule of the input.
import { ApiError, type Right } from '$core/api';
import type { Key } from '$core/text/i18n';
import { t } from './i18n.svelte';

const TEXTS: Record<string, Key> = {
  offline: 'error.offline', not_found: 'error.not_found', gone: 'error.not_found', conflict: 'error.conflict', too_large: 'error.too_large', file_too_large: 'upload.too_large', too_many_files: 'upload.too_many',
  rate_limited: 'error.rate_limited', unavailable: 'error.unavailable', internal: 'error.unavailable',
};

export function reasonOf(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.unavailable');
  if (error.code === 'forbidden') {
    return error.right ? t('error.forbidden_right', { right: t(`right.${error.right as Right}`) }) : t('error.forbidden');
  }
  if (error.rule === 'mention_all') return t('error.mention_all');
  if (error.code === 'invalid' || error.code === 'malformed') return error.message || t('error.invalid');
  return t(TEXTS[error.code] ?? 'error.unavailable');
}

export const requestOf = (error: unknown): string | undefined => (error instanceof ApiError ? error.requestId : undefined);
