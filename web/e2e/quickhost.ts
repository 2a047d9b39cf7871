// The quick messenger as the tests see it: on a page of a host application, with its parts by name.
import type { Browser, BrowserContextOptions, Page } from '@playwright/test';
import { apiOf, expect, record, unique, world, type Who } from './fixtures';

export interface Where extends BrowserContextOptions { path?: string; query?: Record<string, string>; site?: string }

export async function hostPage(browser: Browser, who: Who, { path = '/playground/', query = {}, site, ...options }: Where = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  record(page);
  page.on('pageerror', (error) => expect.soft(error.stack, 'an error in the page').toBeUndefined());
  const { url, people } = world();
  const search = new URLSearchParams({ sub: `pg-${who}`, email: people[who].email, ...query });
  await page.goto(`${site ?? url}${path}?${search}`);
  return page;
}

export const launcher = (page: Page) => page.locator('[data-launcher]');
export const badge = (page: Page) => page.locator('[data-badge]');
export const panel = (page: Page) => page.locator('[data-panel]');
export const toasts = (page: Page) => page.locator('[data-toasts]');
export const thread = (page: Page) => page.locator('[data-messages]');
export const composer = (page: Page) => panel(page).getByRole('textbox', { name: /^Message to/ });
export const row = (page: Page, id: string) => panel(page).locator(`[data-conversation="${id}"]`);

/** From here on it hears what comes: the launcher alone is there before that. */
export const ready = (page: Page): Promise<void> => expect(launcher(page)).toHaveAttribute('aria-busy', 'false');

export async function openPanel(page: Page): Promise<void> {
  await launcher(page).click();
  await expect(panel(page).getByRole('searchbox')).toBeVisible();
}

export async function say(page: Page, text: string, shown = text): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press('Enter');
  await expect(thread(page).getByText(shown)).toBeVisible();
}

/** Everything that Ben and Chloé have not read is read now, so that the counts of a test are its own. */
export async function readAll(who: Who): Promise<void> {
  const api = await apiOf(who);
  const { items } = await api.call<{ items: { id: string; me: { unread: number } }[] }>('GET', '/conversations?unread=true&limit=100');
  for (const one of items) await api.call('POST', `/conversations/${one.id}/read`, {});
}

/** Their conversation, among the latest of both, however many others there are. */
export async function directOf(one: Who, other: Who): Promise<string> {
  const api = await apiOf(one);
  const { id } = await api.open({ kind: 'direct', user_ids: [world().people[other].id] });
  await api.say(id, unique('good morning'));
  await (await apiOf(other)).call('POST', `/conversations/${id}/read`, {});
  return id;
}
export const told = (page: Page, name: string) => page.evaluate((wanted) => (window as never as { host: { told: [string, unknown][] } }).host.told.filter(([one]) => one === wanted).map(([, data]) => data), name);
