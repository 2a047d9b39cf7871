// 5,000 conversations and a thread of 10,000 messages: how many nodes the document has, how long a switch takes, how long the page is
// blocked while it scrolls, how long a key in the palette takes. The figures are printed. A busy machine is given room: `ROOM` times.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from '@playwright/test';
import { Api } from './api';
import { expect, test } from './fixtures';
import { PASSWORD, settle, startServer } from './server';

test.use({ trace: 'off' }); // its recording would be measured

const ROOM = Number(process.env.PARLOR_SCALE_ROOM ?? 4);
const LIMITS = { nodes: 1_500, switch: 50 * ROOM, blocked: 100 * ROOM, key: 50 * ROOM };
const CONVERSATIONS = 5_000;
const MESSAGES = 10_000;
const NAME = 'Kim Vale';

/** What `parlor import` reads: the last conversations have something unread, one is long. */
function history(): string {
  const lines: object[] = [];
  const start = Date.parse('2026-01-05T08:00:00Z');
  const add = (channel: string, id: string, user: string, minute: number, text: string) =>
    lines.push({ id, channel, kind: 'direct', user, ts: new Date(start + minute * 60_000).toISOString(), text });
  for (let n = 0; n < CONVERSATIONS; n++) {
    const channel = `Project ${n} ${['harbour', 'orchard', 'museum', 'station'][n % 4]}`;
    for (let k = 0; k < 4; k++) add(channel, `${n}-${k}`, k % 2 ? `Colleague ${n % 50}` : NAME, n * 5 + k, `Note ${k} on **project ${n}**`);
    add(channel, `${n}-own`, n % 16 ? NAME : `Colleague ${n % 50}`, n * 5 + 4, 'That is all for today');
  }
  for (let n = 0; n < MESSAGES; n++) {
    add('The long one', `long-${n}`, n % 3 ? `Colleague ${n % 7}` : NAME, CONVERSATIONS * 5 + n, n % 11 ? `Message ${n} with a few words` : `Message ${n}\n\n- with\n- a list\n- of things`);
  }
  return lines.map((line) => JSON.stringify(line)).join('\n');
}

const at = (sorted: number[], part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
const nodes = (page: Page) => page.evaluate(() => document.querySelectorAll('*').length);

/** Clicks conversations one after the other; the time until a frame has shown the last message, for those seen before. */
const switches = (page: Page) =>
  page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const shown = () => [...document.querySelectorAll('#messages [data-seq]')].at(-1)?.checkVisibility({ visibilityProperty: true });
    const scroller = document.querySelector('section [role=list]')!;
    await new Promise((done) => setTimeout(done, 500)); // the list has come to rest at its top
    const ids = [...scroller.querySelectorAll<HTMLElement>('[data-conversation]')].slice(0, 8).map((row) => row.dataset['conversation']!);
    const times: number[] = [];
    for (let round = 0; round < 6; round++) {
      for (const id of ids) {
        const begun = performance.now();
        document.querySelector<HTMLElement>(`[data-conversation="${id}"]`)!.click();
        do await frame();
        while (!(location.pathname.endsWith(id) && shown()) && performance.now() - begun < 5_000);
        if (round > 0) times.push(performance.now() - begun);
        await new Promise((done) => setTimeout(done, round > 0 ? 30 : 250));
      }
    }
    return times.sort((a, b) => a - b);
  });

/** Scrolls by the wheel; the longest time that the page was blocked. */
async function blockedWhile(page: Page, work: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const seen: number[] = ((window as unknown as { tasks: number[] }).tasks = []);
    new PerformanceObserver((list) => seen.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask' });
  });
  await work();
  return page.evaluate(() => Math.max(0, ...(window as unknown as { tasks: number[] }).tasks));
}

test('5,000 conversations and 10,000 messages', async ({ browser }) => {
  test.setTimeout(240_000);
  const server = await startServer();
  try {
    const { people } = await settle(server.url, server.code);
    const ana = new Api(server.url);
    Object.assign(ana, { cookie: people.ana.cookie, id: people.ana.id });
    await ana.call('POST', '/users', { name: NAME, email: 'kim@example.com', password: PASSWORD, external_id: `import:${NAME}` });
    const file = join(server.data, 'history.jsonl');
    writeFileSync(file, history());
    await promisify(execFile)(process.env.PARLOR_BIN!, ['import', 'chat', file, '--data', server.data]);
    const kim = await new Api(server.url).signIn('kim@example.com', PASSWORD);

    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1440, height: 900 } });
    const [name, value] = kim.cookie.split('=') as [string, string];
    await context.addCookies([{ name, value, url: server.url }]);
    const page = await context.newPage();
    await page.goto(`${server.url}/app/`);
    const rows = page.locator('[data-conversation]');
    await expect(rows.first()).toContainText('The long one');
    await expect(page.getByRole('heading', { level: 3 })).toContainText(/1\d{3}/, { timeout: 60_000 }); // the section counts what is loaded at first

    await rows.first().click();
    await expect(page.locator('#messages')).toContainText('Message 9999');
    const over = async (selector: string, by: number, steps: number) => {
      await page.locator(selector).hover();
      for (let n = 0; n < steps; n++) await page.mouse.wheel(0, by);
    };
    const inThread = await blockedWhile(page, () => over('#messages', -900, 60));
    await expect.poll(() => page.locator('#messages').evaluate((box) => box.scrollTop)).toBeGreaterThan(0);
    const threadNodes = await nodes(page);
    const inList = await blockedWhile(page, () => over('[role=list][aria-label=Conversations]', 900, 60));
    const listNodes = await nodes(page);
    await page.locator('[role=list][aria-label=Conversations]').evaluate((box) => (box.scrollTop = 0));
    await expect(rows.first()).toContainText('The long one');

    const times = await switches(page);
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('combobox')).toBeFocused();
    const keys = await page.evaluate(async () => {
      const field = document.activeElement as HTMLInputElement;
      const spent: number[] = [];
      for (const text of ['h', 'ha', 'har', 'harb', 'harbo', 'harbou', 'harbour', 'harbour 4', '4', '48', '480']) {
        const begun = performance.now();
        field.value = text;
        field.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise((done) => requestAnimationFrame(done));
        spent.push(performance.now() - begun);
      }
      return spent.sort((a, b) => a - b);
    });

    const figures = { threadNodes, listNodes, switchP50: at(times, 0.5), switchP95: at(times, 0.95), blockedInThread: inThread, blockedInList: inList, keyP95: at(keys, 0.95) };
    console.log(Object.entries(figures).map(([key, figure]) => `${key} ${Math.round(figure)}`).join(' · '));
    expect(Math.max(threadNodes, listNodes), 'nodes in the document').toBeLessThan(LIMITS.nodes);
    expect(figures.switchP95, 'ms to switch').toBeLessThan(LIMITS.switch);
    expect(Math.max(inThread, inList), 'ms blocked while scrolling').toBeLessThan(LIMITS.blocked);
    expect(figures.keyP95, 'ms for a key in the palette').toBeLessThan(LIMITS.key);
    await context.close();
  } finally {
    server.stop();
  }
});
