// How this person likes the app. Kept in the browser (read before the first paint by theme.js) and with the account.
import { api, type Me } from '$core/api';
import type { Locale } from '$core/i18n';
import { i18n } from './i18n.svelte';

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';
interface Prefs { theme: Theme; density: Density; single_keys: boolean }

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

const state = $state<Prefs>({
  theme: asTheme(stored('theme')),
  density: asDensity(stored('density')),
  single_keys: stored('single_keys') !== 'off',
});
const systemDark = matchMedia('(prefers-color-scheme: dark)');
let account: Me | null = null;
/** Dressed by the page around us, which knows better than what was chosen here. */
let dressed = false;

function paint(): void {
  const theme = state.theme === 'system' ? (systemDark.matches ? 'dark' : 'light') : state.theme;
  const root = document.documentElement;
  root.dataset['theme'] = theme;
  root.dataset['density'] = state.density;
}
systemDark.addEventListener('change', paint);

function remember(): void {
  store('theme', state.theme);
  store('density', state.density);
  store('single_keys', state.single_keys ? 'on' : 'off');
  paint();
}

function save(): void {
  remember();
  if (!account) return;
  const preferences = { ...account.preferences, inbox: { ...state } };
  api.saveMe({ preferences }).catch(() => {}); // the browser keeps it anyway
}

export const prefs = {
  get theme() { return state.theme; },
  set theme(value: Theme) { state.theme = value; save(); },
  get density() { return state.density; },
  set density(value: Density) { state.density = value; save(); },
  get singleKeys() { return state.single_keys; },
  set singleKeys(value: boolean) { state.single_keys = value; save(); },
  get locale(): Locale { return i18n.locale; },

  async setLocale(locale: Locale): Promise<void> {
    store('locale', locale);
    await i18n.use(locale);
    if (account) api.saveMe({ locale }).catch(() => {});
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
      state.single_keys = kept.single_keys !== false;
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
