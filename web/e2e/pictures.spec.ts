// What the screens look like, compared with the pictures in e2e/pictures, which belong to one major version of Chromium (playwright.config.ts).
// After a change that is meant to be seen: npx playwright test pictures --update-snapshots, and look at what came out.
import type { BrowserContextOptions, Page } from '@playwright/test';
import { apiOf, browserOf, composer, expect, messages, openChat, rowOf, test, world, type Who } from './fixtures';

test.describe.configure({ mode: 'serial' });

const same = (page: Page, name: string) =>
  expect.soft(page).toHaveScreenshot(`${name}.png`, { animations: 'disabled', maxDiffPixelRatio: 0.01, stylePath: 'e2e/frozen.css' });
const wide: BrowserContextOptions = { viewport: { width: 1280, height: 800 }, bypassCSP: true, reducedMotion: 'reduce' };
const person = (browser: Parameters<typeof browserOf>[0], who: Who, more: BrowserContextOptions = {}) => browserOf(browser, who, { ...wide, ...more });
const inNav = (page: Page, name: string) => page.locator('nav').getByRole('button', { name });
const blur = (page: Page) => page.evaluate(() => (document.activeElement as HTMLElement).blur());

let told = false;
test.beforeEach(async () => {
  if (told) return;
  told = true;
  const { channel, direct, support, people } = world();
  const [ana, ben] = [await apiOf('ana'), await apiOf('ben')];
  const plan = await ben.say(channel, 'Draft of the **plan**:\n\n- tell the team\n- then the customers\n\n`make run` starts it.');
  await ana.say(channel, 'Good. Who writes to the customers?', { reply_to_id: plan.id });
  await ana.call('PUT', `/messages/${plan.id}/reactions/${encodeURIComponent('🎉')}`);
  await ana.call('PUT', `/messages/${plan.id}/pin`);
  await ben.say(channel, '@[Ana Lima] I do, today.');
  await ben.say(direct, 'Do you have a minute?');
  await ana.say(direct, 'Of course, what is it about?');
  await ana.say(support, 'She gets a new one, it is **our** mistake.', { is_private_note: true });
  await ana.say(support, 'We are sorry! A new vase leaves the house tomorrow.');
  await ana.call('PATCH', `/conversations/${support}`, { priority: 'high', labels: ['damage'], assignee_id: people.ana.id });
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`threads, ${colorScheme}`, async ({ browser }) => {
    const { channel, direct, announcement, support, ticket } = world();
    const page = await person(browser, 'ana', { colorScheme });
    for (const [name, id] of Object.entries({ channel, direct, announcement, support, ticket })) {
      await rowOf(page, id).click();
      await expect(messages(page)).toBeVisible();
      await expect(rowOf(page, id)).toBeVisible();
      await expect(rowOf(page, id).locator('.count')).toHaveCount(0);
      await blur(page);
      await same(page, `${name}-${colorScheme}`);
    }
    await openChat(page, support);
    await page.getByRole('radio', { name: 'Private note' }).click();
    await composer(page).fill('/');
    await expect(page.getByRole('option', { name: /\/assign/ })).toBeVisible();
    await same(page, `note-and-commands-${colorScheme}`);
  });
}

test('what opens over the inbox, and the details', async ({ browser }) => {
  const { support } = world();
  const page = await person(browser, 'ana', { viewport: { width: 1440, height: 800 } });
  await openChat(page, support);
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await expect(page.getByRole('complementary', { name: 'Details' })).toBeVisible();
  await blur(page);
  await same(page, 'details');
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('option').first()).toBeVisible();
  await same(page, 'palette');
  await page.keyboard.press('Escape');
  await inNav(page, 'New conversation').click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await same(page, 'new');
  await page.getByRole('button', { name: /^Announcement/ }).click();
  await same(page, 'new-announcement');
  await page.keyboard.press('Escape');
  await inNav(page, 'Keyboard shortcuts').click();
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await same(page, 'shortcuts');
});

test('search, me, administration', async ({ browser }) => {
  const page = await person(browser, 'ana');
  await inNav(page, 'Search').click();
  await page.getByRole('searchbox', { name: 'Search messages' }).fill('plan');
  await expect(page.locator('mark').first()).toBeVisible();
  await same(page, 'search');
  await page.goto(`${world().url}/app/admin/matrix`);
  await expect(page.getByRole('table')).toBeVisible();
  await same(page, 'matrix');
  await page.goto(`${world().url}/app/admin/retention`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await same(page, 'retention');
});

test('offline, and German, where words are longest', async ({ browser }) => {
  const page = await person(browser, 'ben', { locale: 'de-DE' });
  await openChat(page, world().channel).catch(() => {});
  await rowOf(page, world().channel).click();
  await expect(messages(page)).toBeVisible();
  await page.context().setOffline(true);
  await expect(page.locator('[data-banner]')).toContainText(/Offline/i, { timeout: 15_000 });
  await blur(page);
  await same(page, 'offline-german');
});

test('a phone', async ({ browser }) => {
  const page = await person(browser, 'ana', { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true });
  await same(page, 'phone-list');
  await rowOf(page, world().channel).tap();
  await expect(messages(page)).toBeVisible();
  await same(page, 'phone-thread');
});

test('signed out, and the quick messenger', async ({ browser }) => {
  const { url, people } = world();
  const context = await browser.newContext({ ...wide, locale: 'en-GB' });
  const page = await context.newPage();
  await page.goto(`${url}/app/`);
  await expect(page.getByLabel('E-mail address')).toBeVisible();
  await blur(page);
  await same(page, 'sign-in');
  await page.goto(`${url}/playground/?${new URLSearchParams({ sub: 'pg-ana', email: people.ana.email, theme: 'light' })}`);
  await page.locator('[data-launcher]').click();
  await expect(page.locator('[data-panel]').getByRole('searchbox')).toBeVisible();
  await same(page, 'quick-list');
});
