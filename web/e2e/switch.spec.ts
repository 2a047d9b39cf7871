// A link with a token, when somebody is signed in already.
import { createHmac } from 'node:crypto';
import { apiOf, browserOf, expect, test, world } from './fixtures';

async function tokenOf(sub: string, name: string): Promise<string> {
  const key = await (await apiOf('ana')).call<{ secret: string }>('POST', '/host-keys', {});
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, name, exp: Math.floor(Date.now() / 1000) + 600 })}`;
  return `${signed}.${createHmac('sha256', key.secret).update(signed).digest('base64url')}`;
}

test('a link asks before it makes the reader somebody else', async ({ browser }) => {
  const page = await browserOf(browser, 'ben');
  const token = await tokenOf('mallory', 'Mallory Müller');
  const me = () => page.evaluate(async () => ((await (await fetch('/api/v1/me')).json()) as { name: string }).name);
  const before = await me();
  await page.goto('about:blank');
  await page.goto(`${world().url}/app/#token=${token}`);
  await expect(page.getByRole('heading', { name: 'Sign in as somebody else?' })).toBeVisible();
  expect(page.url()).not.toContain('token');
  expect(await me()).toBe(before);
  await page.getByRole('button', { name: 'Stay signed in' }).click();
  await expect(page.locator('[data-conversation]').first()).toBeVisible();
  expect(await me()).toBe(before);
  // In the part of the address that is written into logs it does nothing.
  await page.goto(`${world().url}/app/?token=${token}`);
  await expect(page.locator('[data-conversation]').first()).toBeVisible();
  expect(await me()).toBe(before);
  await page.goto('about:blank');
  await page.goto(`${world().url}/app/#token=${token}`);
  await page.getByRole('button', { name: 'Sign in as Mallory Müller' }).click();
  await expect.poll(me).toBe('Mallory Müller');
});

test('a browser that knows nobody is signed in at once', async ({ browser }) => {
  const token = await tokenOf('guest', 'Guest');
  const page = await (await browser.newContext({ locale: 'en-GB' })).newPage();
  await page.goto(`${world().url}/app/#token=${token}`);
  await expect.poll(() => page.evaluate(async () => (await fetch('/api/v1/me')).status)).toBe(200);
});

test('a link that is followed while the inbox is open is noticed', async ({ browser }) => {
  const page = await browserOf(browser, 'ben');
  await page.goto(`${world().url}/app/`);
  await expect(page.locator('[data-conversation]').first()).toBeVisible();
  const token = await tokenOf('trudy', 'Trudy Tan');
  await page.evaluate((hash) => { location.hash = hash; }, `token=${token}`);
  await expect(page.getByRole('heading', { name: 'Sign in as somebody else?' })).toBeVisible();
  expect(page.url()).not.toContain('token');
  await page.getByRole('button', { name: 'Stay signed in' }).click();
  await expect(page.locator('[data-conversation]').first()).toBeVisible();
  // Another part after # is no token.
  await page.evaluate(() => { (window as unknown as { here: boolean }).here = true; location.hash = 'top'; });
  await page.waitForTimeout(300);
  expect(await page.evaluate(() => (window as unknown as { here?: boolean }).here)).toBe(true);
});
