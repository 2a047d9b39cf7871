// People's pictures: chosen, dropped, pasted; seen by others at once; taken away with a way back; of others by administrators.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { apiOf, browserOf, expect, messages, openChat, test, world } from './fixtures';
import { picture } from './picture';

const field = (page: Page) => page.locator('[data-picture]');
const file = (bytes: Buffer, name = 'me.png', mimeType = 'image/png') => ({ name, mimeType, buffer: bytes });

async function give(page: Page, how: 'paste' | 'drop', bytes: Buffer, type = 'image/png'): Promise<void> {
  await field(page).evaluate((element, { how, data, type }) => {
    const list = new DataTransfer();
    list.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], 'me', { type }));
    if (how === 'paste') element.dispatchEvent(new ClipboardEvent('paste', { clipboardData: list, bubbles: true, cancelable: true }));
    else element.dispatchEvent(new DragEvent('drop', { dataTransfer: list, bubbles: true, cancelable: true }));
  }, { how, data: bytes.toString('base64'), type });
}

/** The colour in the middle of the last picture of a person in the open thread. */
const colourOf = (page: Page) =>
  messages(page).locator('.avatar img').last().evaluate((image: HTMLImageElement) => {
    const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d')!;
    pen.drawImage(image, 128, 128, 1, 1, 0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].map((part) => Math.round(part / 50) * 50).slice(0, 3).join(' ');
  });

test('chosen, dropped, pasted: the other browser shows it without a reload; removed, and put back', async ({ browser }) => {
  test.setTimeout(60_000);
  const { direct, url } = world();
  await (await apiOf('ana')).say(direct, 'how do I look?');
  const [ana, ben] = [await browserOf(browser, 'ana'), await browserOf(browser, 'ben')];
  await openChat(ben, direct);
  await expect(messages(ben).locator('.avatar', { hasText: 'AL' }).last()).toBeVisible();
  await ana.goto(`${url}/app/me`);
  await field(ana).locator('input[type=file]').setInputFiles(file(picture(600, 300, [200, 0, 0])));
  await expect(field(ana).getByRole('img', { name: 'The new picture' })).toBeVisible();
  await expect(field(ana).getByRole('button', { name: 'Use this picture' })).toBeFocused();
  await expect(messages(ben).locator('.avatar img')).toHaveCount(0);
  await ana.keyboard.press('Enter');
  await expect(ana.getByText('The picture was saved')).toBeVisible();
  await expect(field(ana).getByRole('button', { name: 'Change picture' })).toBeFocused();
  await expect.poll(() => colourOf(ben)).toBe('200 0 0');

  await give(ana, 'drop', picture(90, 90, [0, 200, 0]));
  await field(ana).getByRole('button', { name: 'Use this picture' }).click();
  await expect.poll(() => colourOf(ben)).toBe('0 200 0');
  await give(ana, 'paste', picture(90, 90, [0, 0, 200]));
  await field(ana).getByRole('button', { name: 'Cancel' }).click();
  await expect(field(ana).getByRole('button', { name: 'Change picture' })).toBeFocused();
  expect(await colourOf(ben)).toBe('0 200 0');

  await field(ana).getByRole('button', { name: 'Remove picture' }).click();
  await expect(messages(ben).locator('.avatar img')).toHaveCount(0);
  await expect(messages(ben).locator('.avatar', { hasText: 'AL' }).last()).toBeVisible();
  await ana.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => colourOf(ben)).toBe('0 200 0');
  await (await apiOf('ana')).call('DELETE', '/me/avatar');
  await expect(field(ana).getByRole('button', { name: 'Choose a picture' })).toBeVisible();
});

test('what is no picture is said; what failed can be sent again', async ({ browser }) => {
  const ana = await browserOf(browser, 'ana');
  await ana.goto(`${world().url}/app/me`);
  await give(ana, 'drop', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image/svg+xml');
  await expect(field(ana).getByRole('alert')).toHaveText('That is no picture. Use PNG, JPEG, WebP or GIF.');
  await field(ana).locator('input[type=file]').setInputFiles(file(picture(80, 80)));
  await expect(field(ana).getByRole('alert')).toHaveCount(0);
  await field(ana).locator('input[type=file]').setInputFiles(file(Buffer.from('says that it is one')));
  await expect(field(ana).getByRole('alert')).toHaveText('That is no picture. Use PNG, JPEG, WebP or GIF.');

  await ana.context().setOffline(true);
  await field(ana).locator('input[type=file]').setInputFiles(file(picture(80, 80)));
  await field(ana).getByRole('button', { name: 'Use this picture' }).click();
  await expect(field(ana).getByRole('alert')).toContainText('cannot be reached');
  const { violations } = await new AxeBuilder({ page: ana }).include('[data-picture]').analyze();
  expect(violations).toEqual([]);
  await ana.context().setOffline(false);
  await field(ana).getByRole('button', { name: 'Use this picture' }).click();
  await expect(ana.getByText('The picture was saved')).toBeVisible();
  await (await apiOf('ana')).call('DELETE', '/me/avatar');
});

test('an administrator gives somebody a picture', async ({ browser }) => {
  const { url, direct } = world();
  await (await apiOf('ben')).say(direct, 'and how do I look?');
  const [ana, ben] = [await browserOf(browser, 'ana'), await browserOf(browser, 'ben')];
  await openChat(ben, direct);
  await ana.goto(`${url}/app/admin/users`);
  await ana.getByRole('button', { name: /Ben Roth/ }).first().click();
  const dialog = ana.getByRole('dialog');
  await expect(dialog.getByLabel('Name')).toBeFocused();
  await dialog.locator('input[type=file]').setInputFiles(file(picture(80, 80, [100, 0, 100])));
  await dialog.getByRole('button', { name: 'Use this picture' }).click();
  await expect(ana.getByText('The picture was saved')).toBeVisible();
  await expect(ana.locator('tr', { hasText: 'Ben Roth' }).locator('.avatar img')).toBeAttached();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(ben.getByRole('button', { name: 'Profile and settings' }).first().locator('.avatar img')).toBeVisible();
});
