// Who is here and what is open: the few states that the whole inbox shares.
import { ApiError, getMe, isSetupNeeded, signIn, signOut as endSession, type Conversation, type Id, type Kind, type Me, type Message, type Related } from '$core/api';
import { lastUser } from '$core/sync/cache';
import type { Key } from '$core/text/i18n';
import { StaffSession } from '$core/sync/staffSession';
import type { Choice } from '$ui/PeoplePicker.svelte';
import { client, live, maybeSession } from './live';
import { prefs } from './prefs.svelte';
import { router } from '$ui/router.svelte';
import { t } from '$ui/i18n.svelte';
import { toasts } from '$ui/toast.svelte';
import { read as setupProgress, write as forgetSetup } from './setup/progress';
import { alertOf } from './alerts';
import { announce } from './announce.svelte';
import { zone } from './me/zone.svelte';
import { tellNobody } from './nobody';
import { beginEmbedded, embedded } from './embedded';

export type DialogName = 'new' | 'browse' | 'palette' | 'keys' | 'pick' | null;
export type PickWhat = 'assign' | 'snooze' | 'label' | 'team' | 'priority';
/** What a new conversation begins with. */
export interface Prefill { people?: Choice[]; subject?: string; message?: string; related?: Related | null; linked?: Conversation }
type Phase = 'starting' | 'setup' | 'invite' | 'switch' | 'login' | 'in' | 'unreachable' | 'refused';

/** A token of a link that would make the reader somebody else. */
interface Waiting { token: string; name: string }

interface State {
  phase: Phase;
  notice: Key | null;
  waiting: Waiting | null;
  dialog: DialogName;
  newKind: Kind | null;
  prefill: Prefill;
  pick: { what: PickWhat; ids: Id[] };
  details: boolean;
}
const state = $state<State>({
  phase: 'starting', notice: null, waiting: null, dialog: null, newKind: null, prefill: {}, pick: { what: 'assign', ids: [] }, details: stored(),
});

function stored(): boolean {
  try {
    return localStorage.getItem('parlor.details') === 'open';
  } catch {
    return false;
  }
}

export const app = {
  get phase() { return state.phase; },
  get notice() { return state.notice; },
  get waiting() { return state.waiting; },
  get dialog() { return state.dialog; },
  get newKind() { return state.newKind; },
  get prefill() { return state.prefill; },
  get picking() { return state.pick; },
  get details() { return state.details; },
  set details(open: boolean) {
    state.details = open;
    try {
      localStorage.setItem('parlor.details', open ? 'open' : 'closed');
    } catch {
      // private window
    }
  },
  show(dialog: DialogName, kind: Kind | null = null, prefill: Prefill = {}): void {
    state.newKind = kind;
    state.prefill = prefill;
    state.dialog = dialog;
  },
  /** Asks for an assignee, a label … of these conversations. */
  pick(what: PickWhat, ids: Id[]): void {
    state.pick = { what, ids };
    state.dialog = 'pick';
  },
};

let where: string | null = null;

export async function start(): Promise<void> {
  zone.start();
  await prefs.start();
  if (router.route.name === 'invite') return void (state.phase = 'invite');
  if (embedded) {
    beginEmbedded();
    return ask();
  }
  const token = takeToken();
  if (token && (await byToken(token, false))) return;
  if (lastUser.get() && router.route.name !== 'setup') await enter(null);
  else await ask();
}

/** Signs in by a link's token, unless somebody else is here and has not said yes; false when that has to wait. */
async function byToken(token: string, replace: boolean): Promise<boolean> {
  try {
    await enter((await signIn(client, { token, replace, expects: lastPerson() })).me);
  } catch (error) {
    if (!(error instanceof ApiError) || error.transient) return false;
    if (error.rule === 'signed_in') {
      state.waiting = { token, name: nameIn(token) };
      state.phase = 'switch';
    } else await leave('login.token_failed');
  }
  return true;
}

export async function switchOver(): Promise<void> {
  const token = state.waiting?.token;
  state.waiting = null;
  if (!token || !(await byToken(token, true))) await ask();
}

/** The link is not followed. */
export async function stay(): Promise<void> {
  state.waiting = null;
  await ask();
}

/** Who used this browser last, also when the session is over. */
const lastPerson = (): Id | undefined => lastUser.get()?.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)?.[0];

/** Whom a token names, for the question alone: the server has checked it. */
function nameIn(token: string): string {
  try {
    const part = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0)))) as Record<string, unknown>;
    return String(claims['name'] ?? claims['email'] ?? claims['sub'] ?? '');
  } catch {
    return '';
  }
}

/** The token of the host application leaves the address bar before anything else happens. Only the part after # counts: the rest is written into
    logs and handed on. */
function takeToken(): string | null {
  const url = new URL(location.href);
  const hash = new URLSearchParams(url.hash.slice(1));
  const token = hash.get('token');
  if (!token) return null;
  url.hash = '';
  history.replaceState(null, '', url.pathname + url.search);
  return token;
}

/** A browser that knows nobody: is somebody signed in, is there anybody at all? */
export async function ask(): Promise<void> {
  state.phase = 'starting';
  try {
    const me = await getMe(client);
    if (setupProgress()) return goOn();
    await enter(me);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return outside(null);
    state.phase = 'unreachable';
  }
}

/** The first run was begun in this browser and not finished. */
function goOn(): void {
  state.phase = 'setup';
  router.go({ name: 'setup' }, true);
}

async function outside(notice: Key | null): Promise<void> {
  if (embedded) {
    state.phase = 'refused';
    return;
  }
  const needed = await isSetupNeeded(client).then((answer) => answer.needed, () => false);
  state.notice = notice;
  if (router.route.name !== 'login' && router.route.name !== 'setup') where = location.pathname + location.search;
  state.phase = needed ? 'setup' : 'login';
  router.go({ name: needed ? 'setup' : 'login' }, true);
}

export async function enter(me: Me | null): Promise<void> {
  const session = await StaffSession.open(client, me, { ended: () => void leave('login.ended'), arrived, refused, sent: tellNobody, remembers: !embedded });
  live.use(session);
  const inside = () => {
    forgetSetup(null);
    prefs.adopt(session.store.me!);
    zone.adopt(session.store.me!.time_zone);
    state.phase = 'in';
    if (router.route.name === 'login' || router.route.name === 'setup' || router.route.name === 'invite') history.replaceState(null, '', where ?? '/app/');
    dispatchEvent(new PopStateEvent('popstate'));
    where = null;
  };
  if (session.store.me) inside();
  else {
    state.phase = 'starting';
    const off = session.store.emitter.on('me', () => {
      off();
      inside();
    });
  }
}

function arrived(message: Message): void {
  announce(message);
  alertOf(message);
}

/** I have left, or was taken out of, this conversation. */
function refused(id: Id): void {
  if (openId() !== id) return;
  toasts.say(t('thread.gone'));
  router.go({ name: 'inbox' }, true);
}

/** Back to the sign-in page; what was not sent stays in this browser for the same person. */
async function leave(notice: Key | null): Promise<void> {
  maybeSession()?.stop();
  prefs.leave();
  state.dialog = null;
  state.phase = embedded ? 'refused' : 'login';
  if (!embedded) lastUser.set(null);
  await outside(notice);
  live.use(null);
}

export async function signOut(): Promise<void> {
  const session = maybeSession();
  if (!session) return;
  await session.readPositions.flush().catch(() => {});
  session.drafts.flush();
  await endSession(client).catch(() => {});
  await session.forget();
  where = null;
  router.go({ name: 'login' }, true);
  await leave(null);
}

export function setupDone(): void {
  forgetSetup(null);
  state.notice = 'setup.done';
  state.phase = 'login';
  router.go({ name: 'login' }, true);
}

client.unauthorized = () => {
  if (state.phase === 'in') void leave('login.ended');
};

// A link with a token that is followed while the inbox is open changes nothing but the hash.
addEventListener('hashchange', () => {
  if (!embedded && new URLSearchParams(location.hash.slice(1)).get('token')) location.reload();
});
addEventListener('online', () => maybeSession()?.nudge());
addEventListener('offline', () => maybeSession()?.socket.lost());
addEventListener('pagehide', () => maybeSession()?.drafts.flush());
document.addEventListener('visibilitychange', () => {
  const session = maybeSession();
  if (document.visibilityState === 'visible') return session?.nudge();
  session?.drafts.flush();
  void session?.cache.save().catch(() => {});
});

/** The conversation on screen. */
export const openId = (): Id | null => (router.route.name === 'conversation' ? router.route.id : null);
export const openConversation = () => {
  const id = openId();
  return id ? live.conversation(id) : undefined;
};
