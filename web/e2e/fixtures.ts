import { test as base, expect, type Browser, type BrowserContextOptions, type Page } from '@playwright/test';
import { Api } from './api';
import { settle, startPlayground, type World } from './server';

/** The server and the people of this file's tests. */
let here: { file: string; world: World; stop: () => Promise<void> } | undefined;
export const world = (): World => here!.world;
export type Who = keyof World['people'];

interface Work { frames: string[]; asked: string[] }
const works = new WeakMap<Page, Work>();

/** From now on: the frames that the page gets over its streams, and what it asks the API for. Before the page is opened. */
export function record(page: Page): void {
  const work: Work = { frames: [], asked: [] };
  works.set(page, work);
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => work.frames.push(String(payload))));
  page.on('request', (request) => request.url().includes('/api/v1/') && work.asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
}

/** The work that a page has for what `act` does: how many frames had this text, and what it asked for meanwhile. */
export async function workOf(page: Page, text: string, act: () => Promise<void>): Promise<{ frames: number; asked: string[] }> {
  const work = works.get(page)!;
  const before = work.asked.length;
  await act();
  return { frames: work.frames.filter((frame) => frame.includes(text)).length, asked: work.asked.slice(before) };
}

/** A browser of one person, signed in already. Errors of the page fail the test. */
export async function browserOf(browser: Browser, who: Who, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  record(page);
  page.on('pageerror', (error) => expect.soft(error.stack, 'an error in the page').toBeUndefined());
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) expect.soft(message.text(), 'a CSP violation').toBe('');
  });
  const { url, people } = world();
  const [name, value] = people[who].cookie.split('=') as [string, string];
  await context.addCookies([{ name, value, url }]);
  await page.goto(`${url}/app/`);
  await expect(page.locator('[data-conversation]').first()).toBeVisible();
  return page;
}

export async function apiOf(who: Who): Promise<Api> {
  const { url, people } = world();
  const api = new Api(url);
  Object.assign(api, { cookie: people[who].cookie, id: people[who].id });
  return api;
}

/** How many active users there are besides this one. */
export async function colleagues(who: Who): Promise<number> {
  const { items } = await (await apiOf(who)).call<{ items: { id: string }[] }>('GET', '/users?active=true&limit=200');
  return items.length - 1;
}

export async function openChat(page: Page, id: string): Promise<void> {
  await page.locator(`[data-conversation="${id}"]`).click();
  await expect(composer(page)).toBeVisible();
}

export const composer = (page: Page) => page.getByRole('textbox', { name: /^Message to/ }).first();
export const messages = (page: Page) => page.locator('#messages');
export const rowOf = (page: Page, id: string) => page.locator(`[data-conversation="${id}"]`);

export async function send(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press('Enter');
  await expect(messages(page).getByText(text)).toBeVisible();
}

export interface Stored {
  body: string;
  created_at: string;
  related: { type: string; id: string } | null;
}

/**
 * The messages with this text, and no other, as the server has them, once it has any. A screen shows what its person sends before that, so a
 * test that goes on to ask the server asks through this.
 */
export async function stored(who: Who, conversation: string, text: string): Promise<Stored[]> {
  const api = await apiOf(who);
  let found: Stored[] = [];
  const look = async (): Promise<number> => {
    const { items } = await api.call<{ items: Stored[] }>('GET', `/conversations/${conversation}/messages?limit=20`);
    found = items.filter((one) => one.body.trim() === text);
    return found.length;
  };
  await expect.poll(look, `“${text}” has come to the server`).toBeGreaterThan(0);
  return found;
}

let counter = 0;
/** A text that no other test has written. */
export const unique = (text: string) => `${text} ${Date.now().toString(36)}-${++counter}`;

/** A server for each file, so that no file meets what another has left; every window of a test is closed when it ends. */
export const test = base.extend<{ windows: void }, { servers: void }>({
  servers: [
    async ({}, use) => {
      await use();
      await here?.stop();
    },
    { scope: 'worker', auto: true },
  ],
  windows: [
    async ({ browser }, use, { file }) => {
      if (here?.file !== file) {
        await here?.stop();
        const { url, code, stop } = await startPlayground();
        here = { file, world: await settle(url, code), stop };
      }
      await use();
      await Promise.all(browser.contexts().map((context) => context.close()));
    },
    { auto: true },
  ],
});
export { expect };
