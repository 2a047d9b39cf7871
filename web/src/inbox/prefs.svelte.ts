// How this person likes the app. Kept in the browser (read before the first paint by theme.js) and with the account.
import { getMe, updateMe, type Me } from '$core/api';
import type { Locale } from '$core/text/i18n';
import { client } from './live';
import { i18n } from '$ui/i18n.svelte';

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';
/** `system` follows what the device asks for. */
export type Contrast = 'system' | 'normal' | 'high';
interface Prefs { theme: Theme; density: Density; contrast: Contrast; single_keys: boolean; enter_sends: boolean }
/** How new messages draw attention. Shared with the quick messenger, under its name. */
interface AlertSettings { sound_enabled: boolean; browser_notifications_enabled: boolean }

function stored(key: string): string | null {
  try {
    return localStorage.getItem(`parlor.${key}`);
  } catch {
    return null;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(`parlor.${key}`, value);
  } catch {
    // private window: it lasts as long as the page
  }
}

const asTheme = (value: unknown): Theme => (value === 'light' || value === 'dark' ? value : 'system');
const asDensity = (value: unknown): Density => (value === 'compact' ? 'compact' : 'comfortable');

const asContrast = (value: unknown): Contrast => (value === 'high' || value === 'normal' ? value : 'system');

const state = $state<Prefs>({
  theme: asTheme(stored('theme')),
  density: asDensity(stored('density')),
  contrast: asContrast(stored('contrast')),
  single_keys: stored('single_keys') !== 'off',
  enter_sends: stored('enter_sends') !== 'off',
});
const alerts = $state<AlertSettings>({ sound_enabled: stored('sound') !== 'off', browser_notifications_enabled: stored('browser') === 'on' });
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const systemContrast = matchMedia('(prefers-contrast: more)');
let account: Me | null = null;
/** Dressed by the page around us, which knows better than what was chosen here. */
let dressed = false;

function paint(): void {
  const theme = state.theme === 'system' ? (systemDark.matches ? 'dark' : 'light') : state.theme;
  const root = document.documentElement;
  root.dataset['theme'] = theme;
  root.dataset['density'] = state.density;
  if (state.contrast === 'high' || (state.contrast === 'system' && systemContrast.matches)) root.dataset['contrast'] = 'high';
  else delete root.dataset['contrast'];
}
systemContrast.addEventListener('change', paint);
systemDark.addEventListener('change', paint);

function remember(): void {
  store('theme', state.theme);
  store('density', state.density);
  store('contrast', state.contrast);
  store('single_keys', state.single_keys ? 'on' : 'off');
  store('enter_sends', state.enter_sends ? 'on' : 'off');
  store('sound', alerts.sound_enabled ? 'on' : 'off');
  store('browser', alerts.browser_notifications_enabled ? 'on' : 'off');
  paint();
}

function save(): void {
  remember();
  if (account) void keep().catch(() => {}); // the browser keeps it anyway
}

/** Other devices and programs keep their own things beside ours: they are read again before ours are put in. */
async function keep(): Promise<void> {
  const { preferences } = await getMe(client);
  await updateMe(client, { preferences: { ...preferences, inbox: { ...state }, internal_messenger: { ...alerts } } });
}

export const prefs = {
  get theme() { return state.theme; },
  set theme(value: Theme) { state.theme = value; save(); },
  get density() { return state.density; },
  set density(value: Density) { state.density = value; save(); },
  get singleKeys() { return state.single_keys; },
  set singleKeys(value: boolean) { state.single_keys = value; save(); },
  get contrast() { return state.contrast; },
  set contrast(value: Contrast) { state.contrast = value; save(); },
  get highContrast(): boolean { return state.contrast === 'high' || (state.contrast === 'system' && systemContrast.matches); },
  get enterSends() { return state.enter_sends; },
  set enterSends(value: boolean) { state.enter_sends = value; save(); },
  get sound() { return alerts.sound_enabled; },
  set sound(value: boolean) { alerts.sound_enabled = value; save(); },
  get browser() { return alerts.browser_notifications_enabled; },
  set browser(value: boolean) { alerts.browser_notifications_enabled = value; save(); },
  get locale(): Locale { return i18n.locale; },

  async setLocale(locale: Locale): Promise<void> {
    store('locale', locale);
    await i18n.use(locale);
    if (account) updateMe(client, { locale }).catch(() => {});
  },

  start(): Promise<void> {
    paint();
    return i18n.use(i18n.wished(stored('locale')));
  },

  /** Somebody has signed in: a browser without choices of its own takes those of the account. */
  adopt(me: Me): void {
    account = me;
    if (dressed) return;
    const kept = me.preferences['inbox'] as Partial<Prefs> | undefined;
    if (kept && stored('theme') === null) {
      state.theme = asTheme(kept.theme);
      state.density = asDensity(kept.density);
      state.contrast = asContrast(kept.contrast);
      state.single_keys = kept.single_keys !== false;
      state.enter_sends = kept.enter_sends !== false;
      const told = me.preferences['internal_messenger'] as Partial<AlertSettings> | undefined;
      alerts.sound_enabled = told?.sound_enabled !== false;
      remember();
    }
    if (stored('locale') === null) void i18n.use(i18n.wished(me.locale));
  },
  /** Theme and language of the page that frames us; nothing of it is kept. */
  dress(theme: Theme, locale: Locale | null): void {
    dressed = true;
    state.theme = theme;
    paint();
    if (locale) void i18n.use(locale);
  },
  leave(): void {
    account = null;
  },
};
