import { afterEach, expect, test, vi } from 'vitest';
import { Client } from '../src/core/api/client';
import { fileLink, knownLink, plainAddress } from '../src/core/api/fileLinks';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('with the cookie a file has one address; without it a link, asked for once, used for some minutes', async () => {
  const client = new Client();
  expect(await fileLink(client, 'a')).toBe(plainAddress(client, 'a'));
  vi.useFakeTimers();
  Object.assign(client, { renew: async () => 'token', token: 'token' });
  let made = 0;
  const ask = vi.fn(async () => new Response(JSON.stringify({ url: `https://elsewhere.example/files/a?signature=${++made}`, expires_at: '' })));
  vi.stubGlobal('fetch', ask);
  expect(await Promise.all([fileLink(client, 'a'), fileLink(client, 'a')])).toEqual(['/files/a?signature=1', '/files/a?signature=1']);
  expect(await fileLink(client, 'a')).toBe('/files/a?signature=1');
  expect(ask).toHaveBeenCalledTimes(1);
  expect(await fileLink(client, 'a', true)).toBe('/files/a?signature=2');
  vi.advanceTimersByTime(9 * 60_000);
  expect(knownLink(client, 'a')).toBeNull();
  expect(await fileLink(client, 'a')).toBe('/files/a?signature=3');
  const asked = ask.mock.calls.map((call: unknown[]) => call[0] as string);
  expect(asked.some((url) => url.includes('token'))).toBe(false);
});
