// Light or dark: as asked for, else as the host page is.
import type { Theme } from './options';

const state = $state<{ wish: Theme; page: 'light' | 'dark' }>({ wish: 'auto', page: 'light' });
const systemDark = matchMedia('(prefers-color-scheme: dark)');

const named = (text: string | null | undefined) => (/\bdark\b/.test(text ?? '') ? 'dark' : /\blight\b/.test(text ?? '') ? 'light' : null);

/** What the page says of itself, in the ways in which pages do. */
function said(element: Element): 'light' | 'dark' | null {
  for (const name of ['data-theme', 'data-bs-theme', 'data-color-mode', 'data-mode']) {
    const found = named(element.getAttribute(name)?.toLowerCase());
    if (found) return found;
  }
  return named(element.getAttribute('class')?.toLowerCase().split(/\s+/).filter((word) => word === 'dark' || word === 'light').join(' '));
}

/** How bright its ground is. */
function painted(element: Element): 'light' | 'dark' | null {
  const parts = getComputedStyle(element).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [];
  const [red = 0, green = 0, blue = 0, alpha = 1] = parts;
  if (parts.length < 3 || alpha < 0.5) return null;
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128 ? 'dark' : 'light';
}

function look(): void {
  const [html, body] = [document.documentElement, document.body];
  const scheme = getComputedStyle(html).colorScheme;
  const follows = named(scheme) && !(scheme.includes('dark') && scheme.includes('light'));
  state.page =
    said(html) ?? (body && said(body)) ?? (follows ? named(scheme) : null) ?? (body && painted(body)) ?? painted(html) ?? (scheme.includes('dark') && systemDark.matches ? 'dark' : 'light');
}

export const theme = {
  get now(): 'light' | 'dark' {
    return state.wish === 'auto' ? state.page : state.wish;
  },
  set wish(wish: Theme) {
    state.wish = wish;
    look();
  },
  /** Watches the page until the answer is called. */
  watch(): () => void {
    look();
    const observer = new MutationObserver(look);
    const attributes = { attributes: true, attributeFilter: ['class', 'style', 'data-theme', 'data-bs-theme', 'data-color-mode', 'data-mode'] };
    observer.observe(document.documentElement, attributes);
    if (document.body) observer.observe(document.body, attributes);
    systemDark.addEventListener('change', look);
    addEventListener('load', look);
    return () => {
      observer.disconnect();
      systemDark.removeEventListener('change', look);
      removeEventListener('load', look);
    };
  },
};
