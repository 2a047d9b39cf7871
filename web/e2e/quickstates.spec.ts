// The quick messenger when the server is slow, fails, or has nothing yet: the page goes on, the panel says what is.
import type { Page, Route } from '@playwright/test';
import { apiOf, expect, test, unique } from './fixtures';
import { composer, directOf, hostPage, launcher, openPanel, panel, row, thread } from './quickhost';

const quick = (page: Page, ...call: unknown[]) => page.evaluate((given) => void (window.parlor!.quick as (...all: unknown[]) => unknown)(...given), call);
const broken = (route: Route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ status: 503, code: 'unavailable', detail: 'x', request_id: 'req-1' }) });

/** The page before the messenger is on it, so that what it will ask can be held or refused. */
async function before(browser: Parameters<typeof hostPage>[0], query: Record<string, string> = {}): Promise<{ page: Page; go: () => Promise<unknown> }> {
  const page = await hostPage(browser, 'ben', { query: { ...query, without: '1' } });
  return { page, go: () => page.goto(page.url().replace('without=1', 'with=1')) };
}

test('a slow server: the page works, the panel shows that it loads, and a "Discuss" is done when it can be', async ({ browser }) => {
  await hostPage(browser, 'chloe'); // now the host's id of Chloé is known
  const { page, go } = await before(browser, { to: 'pg-chloe' });
  let answer: () => void = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/api/v1/me', async (route) => {
    await held;
    await route.continue();
  });
  await go();
  await page.getByLabel('Note').fill('the page goes on');
  await expect(launcher(page)).toHaveCount(0);
  await page.locator('[data-discuss="C-1042"]').click();
  await expect(panel(page).locator('[aria-busy=true]')).toBeVisible();
  answer();
  await expect(panel(page).locator('[data-related]')).toContainText('Gasthof zur Linde');
  await expect(page.getByLabel('Note')).toHaveValue('the page goes on');
});

test('a server that fails: what failed, Retry, and then all is there', async ({ browser }) => {
  const direct = await directOf('ana', 'ben');
  const { page, go } = await before(browser);
  await page.route('**/api/v1/me', broken);
  await go();
  await launcher(page).click();
  await expect(panel(page).getByRole('alert')).toContainText('The messages could not be loaded');
  await expect(panel(page).getByText('Request req-1')).toBeVisible();
  await page.unroute('**/api/v1/me');
  await page.route('**/api/v1/snapshot', broken);
  await panel(page).getByRole('button', { name: 'Retry' }).click();
  await expect(panel(page).locator('[aria-busy=true]')).toBeVisible();
  await expect(panel(page).getByRole('alert')).toContainText('The messages could not be loaded', { timeout: 20_000 });
  await page.unroute('**/api/v1/snapshot');
  await panel(page).getByRole('alert').getByRole('button', { name: 'Retry' }).click();
  await page.route(`**/api/v1/conversations/${direct}/messages*`, broken);
  await row(page, direct).click();
  await expect(panel(page).getByRole('alert')).toContainText('could not be loaded');
  await expect(composer(page)).toBeVisible();
  await page.unroute(`**/api/v1/conversations/${direct}/messages*`);
  await panel(page).getByRole('alert').getByRole('button', { name: 'Retry' }).click();
  await expect(thread(page).locator('[data-row]').first()).toBeVisible();

  // A reaction that is refused is taken back, and said.
  const text = unique('not to be liked');
  await (await apiOf('ana')).say(direct, text);
  await page.route('**/reactions/**', broken);
  const line = thread(page).locator('[data-row]', { hasText: text });
  await line.hover();
  await panel(page).getByRole('button', { name: 'Add reaction' }).click();
  await panel(page).locator('[data-tools]').getByRole('button', { name: '👍' }).click();
  await expect(panel(page).getByText(/^That did not work/)).toBeVisible();
  await expect(line.getByRole('button', { name: /^👍 / })).toHaveCount(0);
});

test('nothing yet, nothing found, and not signed in', async ({ browser }) => {
  const { page, go } = await before(browser);
  await page.route('**/api/v1/snapshot', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), conversations: [], next: null } });
  });
  await go();
  await openPanel(page);
  await expect(panel(page).getByText('Write to a colleague without leaving this page.')).toBeVisible();
  await panel(page).getByRole('searchbox').fill('zzz');
  await expect(panel(page).getByRole('button', { name: 'Clear' })).toBeVisible();

  const other = await hostPage(browser, 'ben', { query: { ttl: '-4000' } });
  await launcher(other).click();
  await expect(panel(other).getByRole('alert')).toContainText('You are not signed in here any more');
});

test('in the language of the page; in English when that language does not come', async ({ browser }) => {
  const page = await hostPage(browser, 'ben', { query: { locale: 'de' } });
  await expect(page.getByRole('button', { name: /^Nachrichten öffnen/ })).toBeVisible();
  await quick(page, 'setLocale', 'pt');
  await expect(page.getByRole('button', { name: /^Abrir as mensagens/ })).toBeVisible();
  const { page: other, go } = await before(browser, { locale: 'fr' });
  await other.route('**/embed/quick-fr.json', (route) => route.abort());
  await go();
  await expect(other.getByRole('button', { name: /^Open messages/ })).toBeVisible();
});
