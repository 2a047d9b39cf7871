// The inbox in a frame of another application (<parlor-inbox>): sign-in, theme and language come from there, unread counts go there.
import { server } from '$core/api';
import { choose } from '$core/i18n';
import { prefs } from '$ui/prefs.svelte';
import { router } from '$ui/router.svelte';
import { isOurs, type ToFrame, type ToHost } from '../embed/words';

const query = new URLSearchParams(location.search);
const host = query.get('host') ?? '';
export const embedded = query.get('embed') === '1' && parent !== window && host !== '';

const PATIENCE = 15_000;
let given: ((token: string | null) => void) | null = null;

const say = (words: ToHost) => parent.postMessage(words, host);

/** The server lets only named origins frame us; here the words must come from that one. */
export function beginEmbedded(): void {
  server.renew = askToken;
  addEventListener('message', (event) => {
    if (event.source !== parent || event.origin !== host || !isOurs(event.data)) return;
    const words = event.data as ToFrame;
    if (words.type === 'parlor:token') given?.(words.token);
    else if (words.type === 'parlor:no-token') given?.(null);
    else if (words.type === 'parlor:look') prefs.dress(words.theme === 'auto' ? 'system' : words.theme, words.locale ? choose([words.locale]) : null);
    else if (words.type === 'parlor:open') router.open(words.conversation);
  });
  say({ type: 'parlor:ready' });
}

function askToken(): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => given?.(null), PATIENCE);
    given = (token) => {
      clearTimeout(late);
      given = null;
      if (token) resolve(token);
      else reject(new Error('the host application gave no token'));
    };
    say({ type: 'parlor:need-token' });
  });
}

export function tellHost(unread: number, mentions: number): void {
  if (embedded) say({ type: 'parlor:unread', unread, mentions, title: document.title });
}
