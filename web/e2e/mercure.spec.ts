// The browser's own EventSource on the Mercure hub: let in by the cookie, and back after a cut with Last-Event-ID.
import { Api } from './api';
import { expect, test } from './fixtures';
import { settle, startServer } from './server';

interface Seen { bodies: string[]; opened: number; state: () => number }

declare global {
  interface Window { seen: Seen }
}

test('EventSource with the cookie misses nothing when the hub ends the stream', async ({ browser }) => {
  const server = await startServer({ PARLOR_MERCURE_WRITE_TIMEOUT: '3' });
  try {
    const { url, people, direct } = await settle(server.url, server.code);
    const context = await browser.newContext();
    const [name, value] = people.ben.cookie.split('=') as [string, string];
    await context.addCookies([{ name, value, url }]);
    const page = await context.newPage();
    const asked: Promise<string | null>[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/.well-known/mercure')) asked.push(request.headerValue('last-event-id'));
    });
    await page.goto(`${url}/app/`);
    await page.evaluate(async () => {
      const { url, topics } = await (await fetch('/api/v1/mercure')).json() as { url: string; topics: { notifications: string } };
      const source = new EventSource(`${new URL(url).pathname}?topic=${encodeURIComponent(topics.notifications)}`);
      window.seen = { bodies: [], opened: 0, state: () => source.readyState };
      source.onopen = () => { window.seen.opened += 1; };
      source.onmessage = ({ data }: MessageEvent<string>) => {
        const event = JSON.parse(data) as { type: string; data: { message: { body: string } } };
        if (event.type === 'message.posted') window.seen.bodies.push(event.data.message.body);
      };
    });
    const bodies = () => page.evaluate(() => window.seen.bodies);
    await expect.poll(() => page.evaluate(() => window.seen.opened)).toBe(1);
    const ana = new Api(url);
    Object.assign(ana, { cookie: people.ana.cookie, id: people.ana.id });
    await ana.say(direct, 'one');
    await expect.poll(bodies).toEqual(['one']);
    await expect.poll(() => page.evaluate(() => window.seen.state()), { timeout: 10_000 }).toBe(0);
    await ana.say(direct, 'two, while nobody listened');
    await ana.say(direct, 'three');
    await expect.poll(bodies, { timeout: 10_000 }).toEqual(['one', 'two, while nobody listened', 'three']);
    expect((await Promise.all(asked)).at(-1)).toMatch(/^urn:parlor:\d+:\d+$/);
    await context.close();
  } finally {
    await server.stop();
  }
});
