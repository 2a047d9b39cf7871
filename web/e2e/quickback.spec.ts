// A page with the quick messenger that comes back by the back button, out of the browser's memory as it was left.
import config from '../playwright.config';
import { apiOf, expect, stored, test, unique, world } from './fixtures';
import { composer, directOf, hostPage, launcher, openPanel, panel, row, say, thread, toasts } from './quickhost';

// Playwright switches that memory off.
test.use({ launchOptions: { ...config.use!.launchOptions, ignoreDefaultArgs: ['--disable-back-forward-cache'] } });

test('going away and back: connected again, nothing missed, nothing twice, one of it', async ({ browser }) => {
  const direct = await directOf('ana', 'ben');
  const ana = await apiOf('ana');
  const ben = await hostPage(browser, 'ben');
  await openPanel(ben);
  await row(ben, direct).click();
  await composer(ben).fill('half a sentence');
  await ben.evaluate(() => addEventListener('pageshow', (event) => Object.assign(window, { kept: event.persisted })));
  await ben.goto(`${world().url}/playground/hostile.html?without=1`);
  const missed = unique('while you were away');
  await ana.say(direct, missed);
  await ben.goBack({ waitUntil: 'commit' });
  expect(await ben.evaluate(() => (window as never as { kept?: boolean }).kept), 'it came out of the memory').toBe(true);
  await expect(thread(ben).getByText(missed)).toBeVisible();
  await expect(composer(ben)).toHaveValue('half a sentence');
  await expect(launcher(ben)).toHaveCount(1);
  await expect(ben.locator('parlor-quick')).toHaveCount(1);

  const later = unique('and now');
  await ana.say(direct, later);
  await expect(thread(ben).getByText(later)).toBeVisible();
  const answer = unique('I am back');
  await say(ben, answer);
  await expect(thread(ben).locator('[data-row]', { hasText: answer }).locator('[data-receipt]')).toBeVisible();
  for (const text of [missed, later, answer]) await expect(thread(ben).getByText(text)).toHaveCount(1);
  expect(await stored('ana', direct, answer)).toHaveLength(1);

  // Closed as well: the toast comes once.
  await panel(ben).getByRole('button', { name: 'Close messages' }).click();
  await ben.goto(`${world().url}/playground/hostile.html?without=1`);
  await ben.goBack({ waitUntil: 'commit' });
  const toast = unique('a toast');
  await ana.say(direct, toast);
  await expect(toasts(ben).getByText(toast)).toHaveCount(1);
});
