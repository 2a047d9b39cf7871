// What a host page may say to the messenger: options, the calls of `parlor.quick(…)`, and what it tells back.
import type { Id } from '$core/api';
import type { RecordOfHost } from '$core/sync/draftSession';
import { fetchToken } from '../embed/hostToken';

export type Theme = 'auto' | 'light' | 'dark';

export interface Options {
  /** Gives a token that the host application signed for the person of this page. Asked again when it ends. */
  token: () => Promise<string>;
  position: 'right' | 'left';
  /** Whether there is a floating button; without it the page opens the messenger itself. */
  button: boolean;
  theme: Theme;
  /** A colour as `#rrggbb`. */
  accent: string | null;
  locale: string | null;
}

export interface Given extends Partial<Omit<Options, 'token'>> {
  token?: string | (() => string | Promise<string>);
  /** An address of the host application that answers the token: as text, or as JSON `{"token": "…"}`. */
  tokenUrl?: string;
}

export interface DiscussRequest {
  /** Ids of users: Parlor's, or those of the host application. */
  to?: string | string[];
  context?: RecordOfHost;
  text?: string;
}

export interface Told {
  ready: { user: { id: Id; name: string } };
  unread: { unread: number; mentions: number };
  open: { conversation: Id | null };
  close: Record<string, never>;
  message: { conversation: Id; from: string; text: string; muted: boolean };
  error: { code: string; detail: string };
}

const THEMES: readonly string[] = ['auto', 'light', 'dark'];
export const asTheme = (value: unknown): Theme => (THEMES.includes(String(value)) ? (value as Theme) : 'auto');

export function complete(given: Given): Options {
  return {
    token: tokenOf(given),
    position: given.position === 'left' ? 'left' : 'right',
    button: given.button !== false,
    theme: asTheme(given.theme),
    accent: given.accent && /^#([\da-f]{3}|[\da-f]{6})$/i.test(given.accent) ? given.accent : null,
    locale: given.locale || null,
  };
}

function tokenOf({ token, tokenUrl }: Given): () => Promise<string> {
  if (typeof token === 'function') return async () => token();
  if (token) return async () => token;
  if (tokenUrl) return () => fetchToken(tokenUrl);
  throw new Error('parlor.quick: init needs "token" or "tokenUrl"');
}

/** Options in the attributes of the script's own tag: `data-token-url`, `data-position`, … */
export function fromTag(data: DOMStringMap): Given | null {
  if (!data['tokenUrl']) return null;
  return {
    tokenUrl: data['tokenUrl'],
    position: data['position'] as Given['position'],
    button: data['button'] !== 'off',
    theme: data['theme'] as Theme,
    accent: data['accent'] ?? null,
    locale: data['locale'] ?? null,
  };
}
