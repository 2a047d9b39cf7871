// A server with 5,000 conversations and a thread of 10,000 messages, and the browser of the person who has them.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, type Browser, type Page } from '@playwright/test';
import { Api } from './api';
import { PASSWORD, settle, startServer } from './server';

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

/** Runs `work` in the inbox of that person, the long conversation being open. */
export async function crowded(browser: Browser, work: (page: Page) => Promise<void>): Promise<void> {
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
    await work(page);
    await context.close();
  } finally {
    await server.stop();
  }
}

export const LIST = '[role=list][aria-label=Conversations]';
export const nodes = (page: Page): Promise<number> => page.evaluate(() => document.querySelectorAll('*').length);
export async function wheel(page: Page, selector: string, by: number, steps: number): Promise<void> {
  await page.locator(selector).hover();
  for (let n = 0; n < steps; n++) await page.mouse.wheel(0, by);
}
