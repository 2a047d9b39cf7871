// Every screen in both themes: no accessibility violation, no sideways scrolling; and the layouts of phone and tablet.
import type { Page } from '@playwright/test';
import { accessible } from './axe';
import { apiOf, browserOf, composer, expect, messages, openChat, rowOf, test, unique, world } from './fixtures';
import { PASSWORD, startServer } from './server';

const fits = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

for (const colorScheme of ['light', 'dark'] as const) {
  test(`no accessibility violation on any screen, ${colorScheme}`, async ({ browser }) => {
    test.setTimeout(300_000);
    const { url, channel, direct, announcement, support, ticket } = world();
    const outside = await (await browser.newContext({ colorScheme })).newPage();
    await outside.goto(`${url}/app/`);
    await expect(outside.getByLabel('E-mail address')).toBeVisible();
    await accessible(outside, 'sign in');

    const page = await browserOf(browser, 'ana', { colorScheme });
    await accessible(page, 'nothing open');
    for (const [name, id] of Object.entries({ channel, direct, announcement, support, ticket })) {
      await rowOf(page, id).click();
      await expect(messages(page)).toBeVisible();
      if (name === 'channel') await page.getByRole('button', { name: 'Details', exact: true }).click();
      await accessible(page, name);
      if (name === 'support') {
        await page.getByRole('radio', { name: 'Private note' }).click();
        await accessible(page, 'private note');
      }
    }
    await openChat(page, channel);
    await messages(page).locator('[role=listitem]').last().hover();
    await accessible(page, 'row tools');
    await messages(page).locator('[role=listitem]').last().getByRole('button', { name: 'More actions' }).click();
    await accessible(page, 'row menu', true);
    await page.keyboard.press('Escape');
    await composer(page).fill('@Be');
    await expect(page.getByRole('option', { name: /Ben Roth/ })).toBeVisible();
    await accessible(page, 'mentions', true);
    await composer(page).fill('');
    await page.keyboard.press('Control+k');
    await accessible(page, 'palette');
    await page.keyboard.press('Escape');
    await page.locator('nav').getByRole('button', { name: 'New conversation' }).click();
    await accessible(page, 'new conversation');
    await page.getByRole('button', { name: /^Group/ }).click();
    await accessible(page, 'new group');
    await page.keyboard.press('Escape');
    await page.locator('nav').getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await accessible(page, 'shortcuts');
    await page.keyboard.press('Escape');
    await page.locator('nav').getByRole('button', { name: 'Profile and settings' }).click();
    await accessible(page, 'me');
    await page.keyboard.press('Escape');
    await page.locator('nav').getByRole('button', { name: 'Search' }).click();
    await page.getByRole('searchbox', { name: 'Search messages' }).fill('launch');
    await expect(page.locator('mark').first()).toBeVisible();
    await accessible(page, 'search');
  });
}

test('on a phone there is one pane, a way back, and nothing is wider than the screen', async ({ browser }) => {
  const { direct } = world();
  const page = await browserOf(browser, 'ana', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await expect(page.getByRole('main')).toBeHidden();
  await expect(page.getByRole('navigation')).toBeVisible();
  await rowOf(page, direct).tap();
  await expect(composer(page)).toBeVisible();
  await expect(rowOf(page, direct)).toBeHidden();
  expect(await composer(page).evaluate((field) => parseFloat(getComputedStyle(field).fontSize))).toBeGreaterThanOrEqual(16);
  await accessible(page, 'thread on a phone');
  await page.getByRole('button', { name: 'Back' }).tap();
  await expect(rowOf(page, direct)).toBeVisible();
  await page.setViewportSize({ width: 320, height: 640 });
  expect(await fits(page)).toBe(true);
  await rowOf(page, direct).tap();
  expect(await fits(page)).toBe(true);
  await page.goBack();
  await expect(rowOf(page, direct)).toBeVisible();
});

test('keys alone: palette, next conversation, regions, help', async ({ browser }) => {
  const page = await browserOf(browser, 'ana');
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox')).toBeFocused();
  await page.keyboard.type('launch');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'launch' })).toBeVisible();
  const before = page.url();
  await page.keyboard.press('Alt+ArrowDown');
  await expect.poll(() => page.url()).not.toBe(before);
  await page.keyboard.press('F6');
  expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-region'))).toBe(true);
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
});

test('language and theme change at once and stay', async ({ browser }) => {
  const page = await browserOf(browser, 'chloe');
  await page.locator('nav').getByRole('button', { name: 'Profile and settings' }).click();
  await page.getByRole('radio', { name: 'Dark' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.getByRole('button', { name: /^Language/ }).click();
  await page.getByRole('menuitemradio', { name: 'Deutsch' }).click();
  await expect(page.getByRole('heading', { level: 2, name: 'Posteingang' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { level: 2, name: 'Posteingang' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('wrong passwords are explained, signing out forgets', async ({ browser }) => {
  const { url, people } = world();
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${url}/app/c/whatever`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('Fill in this field.').first()).toBeVisible();
  await page.getByLabel('E-mail address').fill(people.ben.email);
  await page.getByLabel('Password', { exact: true }).fill('wrong password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText('do not match');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'This conversation is not available' })).toBeVisible();
  await page.locator('nav').getByRole('button', { name: 'Profile and settings' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByLabel('E-mail address')).toBeVisible();
  expect(await page.evaluate(() => localStorage.getItem('parlor.user'))).toBeNull();
});

test('a fresh installation is set up in the browser', async ({ browser }) => {
  const server = await startServer();
  try {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${server.url}/app/`);
    await expect(page.getByRole('heading', { name: 'Set up Parlor' })).toBeVisible();
    await accessible(page, 'setup');
    const fill = async (code: string) => {
      await page.getByLabel('Setup code').fill(code);
      await page.getByLabel('Your name').fill('Olga Owner');
      await page.getByLabel('E-mail address').fill('olga@example.com');
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await page.getByRole('button', { name: 'Create administrator' }).click();
    };
    await fill('WRONG-CODE');
    await expect(page.getByText('The setup code is wrong.')).toBeVisible();
    await fill(server.code);
    await page.getByLabel('Name of the company').fill('Harbour & Co');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByRole('heading', { name: 'Open a first channel' })).toBeVisible();
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Open a first channel' })).toBeVisible();
    await page.getByRole('button', { name: 'Back' }).click();
    await expect(page.getByLabel('Name of the company')).toHaveValue('Harbour & Co');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await accessible(page, 'setup: colleagues');
    await page.getByLabel('Name').fill('Pia Post');
    await page.getByLabel('E-mail address').fill('pia@example.com');
    await page.getByRole('button', { name: 'Make a link' }).click();
    await expect(page.getByLabel('Link for Pia Post', { exact: true })).toHaveValue(/\/app\/invite#/);
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByRole('region', { name: 'Embed code' })).toContainText('/embed/quick.js');
    await page.getByRole('button', { name: 'Open the inbox' }).click();
    await expect(page.locator('[data-conversation]', { hasText: 'General' })).toBeVisible();
  } finally {
    await server.stop();
  }
});

test('what my rights do not allow is named', async ({ browser }) => {
  const ben = await apiOf('ben');
  const { rights } = await ben.call<{ rights: string[] }>('GET', '/me');
  test.skip(rights.includes('announce'), 'this role may do everything');
  const page = await browserOf(browser, 'ben');
  await page.locator('nav').getByRole('button', { name: 'New conversation' }).click();
  await expect(page.getByText('Needs the right “Publish announcements”')).toBeVisible();
});

test('on paper stands the whole conversation, and nothing else', async ({ browser }) => {
  const ana = await apiOf('ana');
  const { id } = await ana.open({ kind: 'group', title: unique('minutes'), user_ids: [world().people.ben.id] });
  for (let n = 1; n <= 40; n++) await ana.say(id, `Point ${n} of the minutes`);
  const page = await browserOf(browser, 'ana');
  await rowOf(page, id).click();
  await expect(messages(page).getByText('Point 40 of the minutes')).toBeVisible();
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  await page.emulateMedia({ media: 'print' });
  await expect(messages(page).getByText(/Point \d+ of the minutes/)).toHaveCount(40);
  await expect(page.locator('nav').first()).toBeHidden();
  await expect(composer(page)).toBeHidden();
  await expect(rowOf(page, id)).toBeHidden();
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  await page.emulateMedia({ media: null });
  await expect(messages(page).getByText('Point 1 of the minutes', { exact: true })).toHaveCount(0);
  await expect(composer(page)).toBeVisible();
});
