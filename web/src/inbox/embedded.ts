// The inbox in a frame of another application (<parlor-inbox>): sign-in, theme and language come from there, unread counts go there.
import { choose } from '$core/text/i18n';
import { client } from './live';
import { prefs } from './prefs.svelte';
import { router } from '$ui/router.svelte';
import { isOurs, type ToFrame, type ToHost } from '../embed/frameProtocol';

const query = new URLSearchParams(location.search);
const host = query.get('host') ?? '';
export const embedded = query.get('embed') === '1' && parent !== window && host !== '';

const PATIENCE = 15_000;
let given: ((token: string | null) => void) | null = null;

const post = (message: ToHost) => parent.postMessage(message, host);

/** The server lets only named origins frame us; here messages must come from that one. */
export function beginEmbedded(): void {
  client.renew = askToken;
  addEventListener('message', (event) => {
    if (event.source !== parent || event.origin !== host || !isOurs(event.data)) return;
    const message = event.data as ToFrame;
    if (message.type === 'parlor:token') given?.(message.token);
    else if (message.type === 'parlor:no-token') given?.(null);
    else if (message.type === 'parlor:look') prefs.dress(message.theme === 'auto' ? 'system' : message.theme, message.locale ? choose([message.locale]) : null);
    else if (message.type === 'parlor:open') router.open(message.conversation);
  });
  post({ type: 'parlor:ready' });
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
    post({ type: 'parlor:need-token' });
  });
}

export function tellHost(unread: number, mentions: number): void {
  if (embedded) post({ type: 'parlor:unread', unread, mentions, title: document.title });
}
