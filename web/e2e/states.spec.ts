// What stands on a screen while something is fetched, and when that fails: an outline, then what failed, why, and another try that works.
import type { Page } from '@playwright/test';
import { apiOf, browserOf, expect, messages, openChat, test, unique, world } from './fixtures';

const PAGES = ['users', 'roles', 'matrix', 'teams', 'stores', 'settings', 'retention', 'audit', 'api-keys', 'host-keys', 'realtime', 'health'];
const API = '**/api/v1/**';

/** The server answers every reading call with a failure of its own, until the returned function is called. */
async function failing(page: Page): Promise<() => Promise<void>> {
  await page.route(API, (route) => {
    if (route.request().method() !== 'GET') return route.continue();
    return route.fulfill({
      status: 503, contentType: 'application/problem+json', headers: { 'X-Request-Id': 'r-1234' },
      body: JSON.stringify({ type: 'about:blank', title: 'Service Unavailable', status: 503, code: 'unavailable', detail: 'the database is busy', request_id: 'r-1234' }),
    });
  });
  return () => page.unroute(API);
}

/** The answers wait until the returned function is called. */
async function slow(page: Page): Promise<() => Promise<void>> {
  let go: () => void = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  await page.route(API, async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  return async () => {
    go();
    await page.unroute(API);
  };
}

const alert = (page: Page) => page.getByRole('main').getByRole('alert');
const bones = (page: Page) => page.locator('main .skeleton');

test('every page of the administration: outline, failure with its number, another try', async ({ browser }) => {
  test.setTimeout(180_000);
  const page = await browserOf(browser, 'ana');
  await page.goto(`${world().url}/app/admin/users`);
  await expect(bones(page)).toHaveCount(0);
  // Each page's script is there already: it is the data that is late or fails.
  for (const id of PAGES) await page.locator(`a[href="/app/admin/${id}"]`).click();
  await expect(page.getByRole('main').getByRole('heading', { level: 1 })).toBeVisible();
  for (const id of PAGES) {
    const other = id === 'users' ? 'roles' : 'users';
    await page.locator(`a[href="/app/admin/${other}"]`).click();
    await expect(bones(page)).toHaveCount(0);
    const answer = await slow(page);
    await page.locator(`a[href="/app/admin/${id}"]`).click();
    await expect(bones(page).first(), `${id} while it loads`).toBeVisible();
    await answer();
    await expect(bones(page), `${id} when it is there`).toHaveCount(0);

    await page.locator(`a[href="/app/admin/${other}"]`).click();
    await expect(bones(page)).toHaveCount(0);
    const mend = await failing(page);
    await page.locator(`a[href="/app/admin/${id}"]`).click();
    await expect(alert(page), `${id} when it fails`).toContainText('r-1234');
    await mend();
    await alert(page).getByRole('button', { name: 'Retry' }).click();
    await expect(alert(page), `${id} after another try`).toHaveCount(0);
    await expect(bones(page)).toHaveCount(0);
  }
});

test('a conversation, its thread, its panel, the search and the list of channels that fail can be tried again', async ({ browser }) => {
  const { people } = world();
  const ana = await apiOf('ana');
  const { id } = await ana.open({ kind: 'direct', user_ids: [people.chloe.id] });
  const text = unique('Nobody has opened this');
  await ana.say(id, text);
  const page = await browserOf(browser, 'chloe');
  await expect(page.locator(`[data-conversation="${id}"]`)).toContainText(text);

  const mend = await failing(page);
  await page.locator(`[data-conversation="${id}"]`).click();
  await expect(alert(page).first()).toContainText('The messages could not be loaded');
  await mend();
  await alert(page).first().getByRole('button', { name: 'Retry' }).click();
  await expect(messages(page).getByText(text)).toBeVisible();

  await openChat(page, world().channel);
  const again = await failing(page);
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByRole('button', { name: 'Files' }).click();
  await expect(details.getByRole('alert')).toContainText('could not be loaded');
  await page.locator('nav').getByRole('button', { name: 'Search' }).click();
  await page.getByRole('searchbox', { name: 'Search messages' }).fill('welcome');
  await expect(alert(page)).toContainText('r-1234');
  await again();
  await alert(page).getByRole('button', { name: 'Retry' }).click();
  await expect(page.getByRole('main').getByText(/Welcome to/i).first()).toBeVisible();
});

test('a start without the server says so, and goes on when it is back', async ({ browser }) => {
  const page = await browserOf(browser, 'ben');
  await page.evaluate(() => indexedDB.databases().then((all) => all.forEach((one) => indexedDB.deleteDatabase(one.name!))));
  const mend = await failing(page);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Retry' })).toBeVisible();
  await mend();
  await page.getByRole('button', { name: 'Retry' }).click({ timeout: 5_000 }).catch(() => {}); // it may just have tried by itself
  await expect(page.locator('[data-conversation]').first()).toBeVisible();
});

test('what was not opened before opens without a connection too', async ({ browser }) => {
  const page = await browserOf(browser, 'ben');
  // What is fetched soon after the start is there: asked for what it is, not waited for as something that may have come already.
  const fetched = () => page.evaluate(() => performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname.split('/').pop()).join(' '));
  for (const part of ['SearchScreen', 'Palette', 'Shortcuts', 'NewConversation']) await expect.poll(fetched).toContain(part);
  await page.waitForLoadState('networkidle');
  await page.context().setOffline(true);
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox')).toBeFocused();
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'New conversation' }).first().click();
  await expect(page.getByRole('dialog')).toBeVisible();
});
