import { expect, test, vi } from 'vitest';
import { endOf } from '../src/core/api/client';
import { newId } from '../src/core/sync/newId';
import { relatedOf, whole } from '../src/core/sync/draftSession';
import { fetchToken } from '../src/embed/hostToken';
import { complete, fromTag } from '../src/quick/options';

const PAGE = 'https://crm.example/orders/7';

test('the card of a record keeps its way back, and nothing that could run', () => {
  expect(relatedOf({ type: 'order', id: 7, title: 'Order 7', url: '/orders/7' }, PAGE)).toEqual({ type: 'order', id: '7', title: 'Order 7', url: PAGE, picture_url: null });
  expect(whole('javascript:alert(1)', PAGE)).toBeNull();
  expect(whole('//other.example/x', PAGE)).toBe('https://other.example/x');
  expect(whole('http://[', PAGE)).toBeNull();
  expect(relatedOf({ type: '', id: '7', title: 'x' }, PAGE)).toBeNull();
  expect(relatedOf(undefined, PAGE)).toBeNull();
  expect(relatedOf({ type: 'order', id: 0, title: 'x'.repeat(400) }, PAGE)?.title).toHaveLength(300);
});

test('options: what is missing or wrong is as if it were not said', async () => {
  const options = complete({ token: () => 'abc', theme: 'blue' as never, accent: 'red; x', position: 'top' as never });
  expect(options).toMatchObject({ theme: 'auto', accent: null, position: 'right', button: true, locale: null });
  expect(await options.token()).toBe('abc');
  expect(() => complete({})).toThrow(/token/);
  expect(fromTag({ position: 'left' })).toBeNull();
  expect(complete(fromTag({ tokenUrl: '/t', button: 'off', accent: '#0a7a5c' })!)).toMatchObject({ button: false, accent: '#0a7a5c' });
});

test('a token comes as text or as JSON, and a refusal is one', async () => {
  const answer = (body: string, status = 200) => vi.stubGlobal('fetch', async () => new Response(body, { status }));
  answer(' a.b.c \n');
  expect(await fetchToken('/t')).toBe('a.b.c');
  answer('{"token":"d.e.f"}');
  expect(await fetchToken('/t')).toBe('d.e.f');
  answer('no', 403);
  await expect(fetchToken('/t')).rejects.toThrow('403');
  vi.unstubAllGlobals();
});

test('when a token ends is read from it; what is no JWT is tried until it is refused', () => {
  const token = `x.${btoa(JSON.stringify({ exp: 1_800_000_000, name: 'ü' }).replace('ü', 'u'))}.y`;
  expect(endOf(token)).toBe(1_800_000_000_000);
  expect(endOf('pk_abc')).toBe(Infinity);
});

test('ids are UUIDs also where the browser makes none', () => {
  const made = crypto.randomUUID;
  Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true });
  expect(newId()).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  Object.defineProperty(crypto, 'randomUUID', { value: made, configurable: true });
});
