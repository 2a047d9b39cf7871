// `/embed/quick.js`: puts the messenger on a page of a host application by one script line. Whatever goes wrong here, the page goes on.
import './style.css';
import { mount, unmount } from 'svelte';
import { client, live, maybeSession } from './live';
import { contextOf } from '$ui/live.svelte';
import { off, on } from './events';
import { takePlace, type Place } from './host';
import { compose, forget, messenger, setLocale, start, stop } from './messenger.svelte';
import { asTheme, complete, fromTag, type DiscussRequest, type Given } from './options';
import Quick from './Quick.svelte';
import { theme } from './theme.svelte';

type Call = [command: string, ...rest: unknown[]];
interface Global { quick: ((...call: Call) => unknown) & { loaded?: boolean }; q?: ArrayLike<unknown>[] }
declare global {
  interface Window { parlor?: Global }
}

const tag = (document.currentScript ?? document.querySelector('script[src*="/embed/quick.js"]')) as HTMLScriptElement | null;

let place: Place | null = null;
let app: Record<string, unknown> | null = null;
let unwatch = () => {};

function init(given: Given): void {
  const options = complete(given);
  shutdown(false);
  void start(options, { locale: document.documentElement.lang || null });
  place = takePlace();
  unwatch = theme.watch();
  app = mount(Quick, { target: place.root, context: contextOf(live) });
}

/** Takes everything away; signing out of the host application also forgets what this browser keeps. */
function shutdown(signedOut = true): Promise<void> | void {
  unwatch();
  if (app) void unmount(app);
  place?.remove();
  app = place = null;
  if (signedOut) return forget();
  stop();
}

const commands: Record<string, (...args: never[]) => unknown> = {
  init,
  shutdown: () => shutdown(),
  open: () => messenger.openPanel(),
  close: () => messenger.close(),
  toggle: () => messenger.toggle(),
  compose: (wish: DiscussRequest) => compose(wish ?? {}),
  on,
  off,
  setTheme: (wish: unknown) => void (theme.wish = asTheme(wish)),
  setLocale: (wish: string) => setLocale(wish),
};

function quick(...[command, ...args]: Call): unknown {
  const known = commands[command];
  try {
    if (!known) throw new Error(`there is no command "${command}"`);
    const answer = known(...(args as never[]));
    if (answer instanceof Promise) return answer.catch((error) => console.error('parlor.quick:', error));
    return answer;
  } catch (error) {
    console.error('parlor.quick:', error);
    return undefined;
  }
}

// The page may be kept in memory and shown again: an open connection would prevent that.
addEventListener('pagehide', () => messenger.pause());
addEventListener('pageshow', (event) => event.persisted && messenger.resume());
addEventListener('online', () => (maybeSession() ? maybeSession()!.nudge() : messenger.phase === 'failed' && messenger.retry()));
addEventListener('offline', () => maybeSession()?.socket.lost());
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && maybeSession()?.nudge());

function load(): void {
  // A second tag with the same script changes nothing.
  if (window.parlor?.quick?.loaded) return;
  const waiting = window.parlor?.q ?? [];
  client.origin = tag ? new URL(tag.src, location.href).origin : '';
  window.parlor = { ...window.parlor, quick: Object.assign(quick, { loaded: true }) };
  const given = tag && fromTag(tag.dataset);
  if (given) quick('init', given);
  for (const call of Array.from(waiting)) quick(...(Array.from(call) as Call));
}

load();
