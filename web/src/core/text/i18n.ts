// Texts by key, in the reader's language. English is the source of the keys; the other languages are loaded when needed.
import type ofAdmin from '$locales/admin/en.json';
import en from '$locales/en.json';

/** Those of the administration come with it (inbox/admin/texts.ts). */
export type Key = keyof typeof en | keyof typeof ofAdmin;
export type Params = Record<string, string | number>;
type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
export type Dictionary = Record<Key, string | Plural>;

export const LOCALES = ['en', 'fr', 'de', 'pt'] as const;
export type Locale = (typeof LOCALES)[number];
export const LOCALE_NAMES: Record<Locale, string> = { en: 'English', fr: 'Français', de: 'Deutsch', pt: 'Português' };

const loaders: Record<Exclude<Locale, 'en'>, () => Promise<{ default: unknown }>> = {
  fr: () => import('$locales/fr.json'),
  de: () => import('$locales/de.json'),
  pt: () => import('$locales/pt.json'),
};

export const english = en as Partial<Dictionary> as Dictionary;

export async function load(locale: Locale): Promise<Dictionary> {
  return locale === 'en' ? english : ((await loaders[locale]()).default as Dictionary);
}

/** The first of the wished languages that there is. */
export function choose(wishes: readonly (string | null | undefined)[]): Locale {
  for (const wish of wishes) {
    const found = LOCALES.find((locale) => wish?.toLowerCase().split(/[-_]/)[0] === locale);
    if (found) return found;
  }
  return 'en';
}

export function format(dictionary: Dictionary, locale: Locale, key: Key, params: Params = {}): string {
  const entry = dictionary[key] ?? english[key];
  if (entry === undefined) return key;
  const text = typeof entry === 'string' ? entry : plural(entry, locale, Number(params['count'] ?? 0));
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    return value === undefined ? whole : typeof value === 'number' ? numbers(locale).format(value) : isolated(value);
  });
}

/** A name that is written from right to left keeps its marks and numbers to itself, and leaves those of the text around it. */
export const isolated = (text: string, around = text) => (/[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/.test(around) ? `\u2068${text}\u2069` : text);

function plural(forms: Plural, locale: Locale, count: number): string {
  return forms[plurals(locale).select(count)] ?? forms.other;
}

/** Making one of these costs more than all its uses on a screen. */
function once<T>(make: (locale: string) => T): (locale: string) => T {
  const made = new Map<string, T>();
  return (locale) => {
    const found = made.get(locale) ?? make(locale);
    made.set(locale, found);
    return found;
  };
}
const plurals = once((locale) => new Intl.PluralRules(locale));
const numbers = once((locale) => new Intl.NumberFormat(locale));
