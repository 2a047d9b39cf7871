// Files in the quick messenger, on a page of another origin: by button, pasted and dropped; what is wrong with one is said.
import type { Page } from '@playwright/test';
import { apiOf, expect, test, unique, world } from './fixtures';
import { picture } from './picture';
import { composer, directOf, hostPage, openPanel, panel, row, thread, toasts } from './quickhost';

const upload = (page: Page, state?: string) => panel(page).locator(state ? `[data-upload=${state}]` : '[data-upload]');
const chooser = (page: Page) => panel(page).locator('input[type=file]');

async function give(page: Page, how: 'paste' | 'drop', name: string, bytes: Buffer): Promise<void> {
  await composer(page).evaluate((field, { how, name, data }) => {
    const list = new DataTransfer();
    list.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type: 'image/png' }));
    if (how === 'paste') field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: list, bubbles: true, cancelable: true, composed: true }));
    else field.dispatchEvent(new DragEvent('drop', { dataTransfer: list, bubbles: true, cancelable: true, composed: true }));
  }, { how, name, data: bytes.toString('base64') });
}

test('cells of a table are a text', async ({ browser }) => {
  const direct = await directOf('ana', 'ben');
  const ana = await opened(await hostPage(browser, 'ana'), direct);
  const inserted = await composer(ana).evaluate((field) => {
    const list = new DataTransfer();
    list.setData('text/plain', 'Test 1\tA');
    list.setData('text/html', '<table><tr><td>Test 1</td><td>A</td></tr></table>');
    list.items.add(new File(['x'], 'image.png', { type: 'image/png' }));
    return field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: list, bubbles: true, cancelable: true, composed: true }));
  });
  expect(inserted).toBe(true);
  await expect(upload(ana)).toHaveCount(0);
});

async function opened(page: Page, id: string): Promise<Page> {
  await openPanel(page);
  await row(page, id).click();
  await expect(composer(page)).toBeVisible();
  return page;
}

test('by button, paste and drop from a page of another origin; the other side sees pictures in their place', async ({ browser }) => {
  const { url } = world();
  const direct = await directOf('ana', 'ben');
  const site = url.replace('127.0.0.1', 'localhost');
  const ana = await opened(await hostPage(browser, 'ana', { site, query: { server: url } }), direct);
  const ben = await hostPage(browser, 'ben');
  // What is dropped and pasted here is not the page's business.
  await ana.evaluate(() => ['drop', 'paste'].forEach((name) => addEventListener(name, () => Object.assign(window, { leaked: name }))));
  await expect(panel(ana).getByRole('button', { name: 'Attach files (up to 10, 25 MB each)' })).toBeVisible();
  await chooser(ana).setInputFiles({ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('north wall, oak') });
  await give(ana, 'paste', 'wall.png', picture(400, 200));
  await give(ana, 'drop', 'door.png', picture(60, 120));
  await expect(upload(ana, 'done')).toHaveCount(3);
  await panel(ana).getByLabel('Description of wall.png for those who do not see it').fill('The blue wall');
  await panel(ana).getByRole('button', { name: 'Remove door.png' }).click();
  await expect(upload(ana)).toHaveCount(2);
  const text = unique('Two files');
  await composer(ana).fill(text);
  await composer(ana).press('Enter');
  await expect(upload(ana)).toHaveCount(0);
  expect(await ana.evaluate(() => (window as never as { leaked?: string }).leaked)).toBeUndefined();

  await expect(toasts(ben)).toContainText(text);
  await opened(ben, direct);
  const message = thread(ben).locator('[data-row]', { hasText: text });
  await expect(message.getByRole('button', { name: /plan\.txt/ })).toBeVisible();
  const shown = message.getByRole('img', { name: 'The blue wall' });
  await expect(shown).toBeVisible();
  await expect.poll(() => shown.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(400);
  // As wide as there is room, as high as its own measures say.
  const box = (await message.getByRole('button', { name: 'Open The blue wall' }).boundingBox())!;
  expect(box.width / box.height).toBeCloseTo(2, 1);
  expect(await shown.getAttribute('src')).not.toContain('access_token');

  const [tab] = await Promise.all([ben.waitForEvent('popup'), message.getByRole('button', { name: 'Open The blue wall' }).click()]);
  await expect.poll(() => tab.url()).toMatch(/\/files\//);
});

test('too large, cut off, cancelled, tried again; Enter while one is on its way sends when it is there', async ({ browser }) => {
  const direct = await directOf('ana', 'ben');
  const admin = await apiOf('ana');
  await admin.call('PATCH', '/settings', { attachment_max_mb: 1 });
  try {
    const ana = await opened(await hostPage(browser, 'ana'), direct);
    await chooser(ana).setInputFiles({ name: 'film.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(1_200_000) });
    await expect(upload(ana, 'failed')).toContainText('Larger than 1 MB');
    await composer(ana).fill('not yet');
    await expect(panel(ana).getByRole('button', { name: 'Send' })).toBeDisabled();
    await panel(ana).getByRole('button', { name: 'Remove film.bin' }).click();

    await ana.route('**/uploads/**', (route) => route.abort());
    await chooser(ana).setInputFiles({ name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from('a;b\n1;2\n') });
    await expect(upload(ana, 'failed')).toContainText('cannot be reached');
    await ana.unroute('**/uploads/**');
    await panel(ana).getByRole('button', { name: 'Try list.csv again' }).click();
    await expect(upload(ana, 'done')).toContainText('list.csv');

    let go: () => void = () => {};
    const held = new Promise<void>((resolve) => (go = resolve));
    await ana.route('**/uploads/**', async (route) => {
      await held;
      await route.continue().catch(() => {});
    });
    await chooser(ana).setInputFiles([{ name: 'wrong.txt', mimeType: 'text/plain', buffer: Buffer.from('wrong') }, { name: 'slow.txt', mimeType: 'text/plain', buffer: Buffer.from('slow') }]);
    await expect(upload(ana, 'sending')).toHaveCount(2);
    await panel(ana).getByRole('button', { name: 'Cancel wrong.txt' }).click();
    await expect(upload(ana, 'sending')).toHaveCount(1);
    const text = unique('With the slow one');
    await composer(ana).fill(text);
    await composer(ana).press('Enter');
    await expect(panel(ana).getByText('Will be sent when the files are there')).toBeVisible();
    go();
    const message = thread(ana).locator('[data-row]', { hasText: text });
    await expect(message.getByRole('button', { name: /slow\.txt/ })).toBeVisible();
    await expect(message.getByRole('button', { name: /list\.csv/ })).toBeVisible();
    await expect(message.getByRole('button', { name: /wrong\.txt/ })).toHaveCount(0);
    await expect(composer(ana)).toHaveValue('');
  } finally {
    await admin.call('PATCH', '/settings', { attachment_max_mb: null });
  }
});

test('on a page with a strict policy nothing is refused', async ({ browser }) => {
  const direct = await directOf('ana', 'ben');
  const ana = await opened(await hostPage(browser, 'ana', { path: '/playground/strict.html' }), direct);
  await give(ana, 'paste', 'strict.png', picture(40, 40));
  await expect(upload(ana, 'done').locator('img')).toBeVisible();
  await composer(ana).press('Enter');
  await expect(thread(ana).getByRole('img', { name: 'strict.png' })).toBeVisible();
  expect(await ana.evaluate(() => (window as never as { violations: string[] }).violations)).toEqual([]);
});
