import { describe, expect, test } from 'vitest';
import { choose, format, type Dictionary, type Key } from '../src/core/text/i18n';
import deAdmin from '../locales/admin/de.json';
import enAdmin from '../locales/admin/en.json';
import frAdmin from '../locales/admin/fr.json';
import ptAdmin from '../locales/admin/pt.json';
import deInbox from '../locales/de.json';
import enInbox from '../locales/en.json';
import frInbox from '../locales/fr.json';
import ptInbox from '../locales/pt.json';

// Those of the administration are files of their own, so that the inbox need not carry them; no key is in both.
const [en, fr, de, pt] = [{ ...enInbox, ...enAdmin }, { ...frInbox, ...frAdmin }, { ...deInbox, ...deAdmin }, { ...ptInbox, ...ptAdmin }];

test('no text is there twice', () => expect(Object.keys(en).length).toBe(Object.keys(enInbox).length + Object.keys(enAdmin).length));

const others = { fr, de, pt } as unknown as Record<string, Dictionary>;
const forms = (entry: Dictionary[Key]): Record<string, string> => (typeof entry === 'string' ? { other: entry } : entry);
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe.each(Object.entries(others))('%s', (_name, dictionary) => {
  test('has the keys of English', () => expect(Object.keys(dictionary).sort()).toEqual(Object.keys(en).sort()));

  test('has no empty text', () => {
    for (const entry of Object.values(dictionary)) for (const text of Object.values(forms(entry))) expect(text.trim()).not.toBe('');
  });

  test('has the placeholders of English in every form', () => {
    for (const [key, entry] of Object.entries(en as Dictionary)) {
      expect(typeof dictionary[key as Key], key).toBe(typeof entry);
      const wanted = placeholders(forms(entry).other!);
      for (const text of Object.values(forms(dictionary[key as Key]!))) expect(placeholders(text), key).toEqual(wanted);
    }
  });
});

test('every key that the code names exists', async () => {
  const sources = import.meta.glob('../src/**/*.{ts,svelte}', { query: '?raw', import: 'default', eager: true }) as Record<string, string>;
  for (const [file, source] of Object.entries(sources)) {
    for (const [, key] of source.matchAll(/\bt\('([\w.]+)'/g)) expect(key! in en, `${file}: ${key}`).toBe(true);
  }
});

test('plural forms, numbers and missing parameters', () => {
  expect(format(en as Dictionary, 'en', 'list.unread', { count: 1 })).toBe('1 unread message');
  expect(format(en as Dictionary, 'en', 'list.unread', { count: 1200 })).toBe('1,200 unread messages');
  expect(format(fr as Dictionary, 'fr', 'list.unread', { count: 0 })).toBe('0 message non lu');
  expect(format(en as Dictionary, 'en', 'search.in_conversation')).toBe('In {name}');
});

test('chooses the first wished language there is', () => {
  expect(choose(['nl', 'pt-BR', 'de'])).toBe('pt');
  expect(choose([null, undefined, 'xx'])).toBe('en');
});

test('a name from right to left keeps its marks, and the sentence its own', () => {
  expect(format(en as unknown as Dictionary, 'en', 'system.joined', { people: 'أحمد (EXT)' })).toContain('\u2068أحمد (EXT)\u2069');
  expect(format(en as unknown as Dictionary, 'en', 'system.joined', { people: 'Ana ❤️' })).not.toContain('\u2068');
});
