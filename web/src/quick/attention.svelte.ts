// Drawing attention to a new message: a toast, a tone, a notification of the browser. Muted conversations stay silent.
import { updateMe, type Conversation, type Id, type Me, type Person } from '$core/api';
import { client, maybeSession } from './live';
import { ring } from './sound';

export interface News { conversation: Conversation; id: Id; author: Person; text: string; mentioned: boolean; onScreen: boolean; open: () => void }
export interface Toast { id: Id; author: Person; text: string; kind: Conversation['kind']; title: string | null; open: () => void; close: () => void }
interface Wishes { sound_enabled: boolean; browser_notifications_enabled: boolean }
export type Permission = NotificationPermission | 'unsupported';

/** Where the account keeps them, shared with the CRM contract. */
const KEY = 'internal_messenger';
const STAY = 7_000;
const MOST = 3;
const DEFAULTS: Wishes = { sound_enabled: true, browser_notifications_enabled: false };

const state = $state<{ toasts: Toast[]; wishes: Wishes; permission: Permission }>({ toasts: [], wishes: { ...DEFAULTS }, permission: allowed() });

function allowed(): Permission {
  return typeof Notification === 'undefined' ? 'unsupported' : Notification.permission;
}

export const attention = {
  get toasts() { return state.toasts; },
  get sound() { return state.wishes.sound_enabled; },
  get notifications() { return state.wishes.browser_notifications_enabled && state.permission === 'granted'; },
  get permission() { return state.permission; },

  start(me: Me): void {
    state.wishes = { ...DEFAULTS, ...(me.preferences[KEY] as Partial<Wishes> | undefined) };
    state.permission = allowed();
  },
  stop(): void {
    state.toasts = [];
  },

  async setSound(on: boolean): Promise<void> {
    await save({ sound_enabled: on });
    if (on) ring(`try ${Date.now()}`);
  },
  async setNotifications(on: boolean): Promise<void> {
    if (on && allowed() === 'default') await Notification.requestPermission().catch(() => {});
    state.permission = allowed();
    if (!on || state.permission === 'granted') await save({ browser_notifications_enabled: on });
  },

  /** The thread is open now: what told of it goes. */
  seen(conversation: Id): void {
    state.toasts = state.toasts.filter((toast) => !toast.id.startsWith(conversation));
  },

  news({ conversation, id, author, text, mentioned, onScreen, open }: News): void {
    const { muted, notify } = conversation.me;
    if (muted || notify === 'none' || (notify === 'mentions' && !mentioned) || onScreen) return;
    toast({ id: `${conversation.id}:${id}`, author, text, kind: conversation.kind, title: conversation.title, open });
    if (state.wishes.sound_enabled) ring(id);
    if (this.notifications && !(document.visibilityState === 'visible' && document.hasFocus())) notice(id, author.name, text, open);
  },
};

function toast(one: Omit<Toast, 'close'>): void {
  const close = () => {
    clearTimeout(timer);
    state.toasts = state.toasts.filter((other) => other.id !== one.id);
  };
  const timer = setTimeout(close, STAY);
  const opened = () => {
    close();
    one.open();
  };
  state.toasts = [...state.toasts.slice(1 - MOST), { ...one, open: opened, close }];
}

/** The same tag in every tab: the browser shows it once. */
function notice(id: Id, title: string, body: string, open: () => void): void {
  try {
    const shown = new Notification(title, { body, tag: `parlor-${id}` });
    shown.onclick = () => {
      focus();
      shown.close();
      open();
    };
  } catch {
    // phones allow it to service workers only
  }
}

async function save(change: Partial<Wishes>): Promise<void> {
  const before = state.wishes;
  state.wishes = { ...before, ...change };
  const store = maybeSession()?.store;
  if (!store?.me) return;
  try {
    store.setMe(await updateMe(client, { preferences: { ...store.me.preferences, [KEY]: { ...state.wishes } } }));
  } catch (error) {
    state.wishes = before;
    throw error;
  }
}
