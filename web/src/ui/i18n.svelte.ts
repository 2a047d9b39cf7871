import { choose, english, format, load, type Dictionary, type Key, type Locale, type Params } from '$core/text/i18n';

interface Language { locale: Locale; dictionary: Dictionary; dates: string }
/** The language as the reader's browser spells it, with its country. */
const spelt = (locale: Locale) => navigator.languages.find((wish) => wish.split('-')[0] === locale) ?? locale;
let state = $state.raw<Language>({ locale: 'en', dictionary: english, dates: spelt('en') });

type More = (locale: Locale) => Promise<Partial<Dictionary>>;
let more: More | null = null;

/** The text of a key in the reader's language; reactive, because language can be changed at any time. */
export function t(key: Key, params?: Params): string {
  return format(state.dictionary, state.locale, key, params);
}

export const i18n = {
  get locale(): Locale {
    return state.locale;
  },
  /** The same language as the reader's browser spells it (en-GB, pt-BR): for dates and times. */
  get dates(): string {
    return state.dates;
  },
  /** `page` gets the language; not the page of others, where we are a guest. */
  async use(locale: Locale, page: HTMLElement | null = document.documentElement): Promise<void> {
    const loaded = await Promise.all([load(locale), more?.(locale)]).catch(() => null);
    if (!loaded) return;
    state = { locale, dictionary: loaded[1] ? { ...loaded[0], ...loaded[1] } : loaded[0], dates: spelt(locale) };
    if (page) page.lang = locale;
  },
  /** Texts that only a part of the app needs; from now on in every language. */
  async extend(loader: More): Promise<void> {
    const loaded = await loader(state.locale);
    state = { ...state, dictionary: { ...state.dictionary, ...loaded } };
    more = loader;
  },
  knows: (key: string): key is Key => key in state.dictionary,
  wished: (...first: (string | null | undefined)[]): Locale => choose([...first, ...navigator.languages]),
};
