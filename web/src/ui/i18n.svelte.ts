import { choose, english, format, load, type Dictionary, type Key, type Locale, type Params } from '$core/i18n';

const state = $state<{ locale: Locale; dictionary: Dictionary }>({ locale: 'en', dictionary: english });

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
    return navigator.languages.find((wish) => wish.split('-')[0] === state.locale) ?? state.locale;
  },
  /** `page` gets the language; not the page of others, where we are a guest. */
  async use(locale: Locale, page: HTMLElement | null = document.documentElement): Promise<void> {
    const dictionary = await load(locale).catch(() => null);
    if (!dictionary) return;
    state.dictionary = dictionary;
    state.locale = locale;
    if (page) page.lang = locale;
  },
  wished: (...first: (string | null | undefined)[]): Locale => choose([...first, ...navigator.languages]),
};
