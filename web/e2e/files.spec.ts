// Files: by the button, pasted, dropped; what is wrong with one is said; pictures hold their place and open large.
import type { Page } from '@playwright/test';
import { apiOf, browserOf, composer, expect, messages, openChat, test, unique, world } from './fixtures';
import { picture } from './picture';

const upload = (page: Page, state?: string) => page.locator(state ? `[data-upload=${state}]` : '[data-upload]');

async function give(page: Page, how: 'paste' | 'drop', name: string, bytes: Buffer, type: string): Promise<void> {
  await composer(page).evaluate((field, { how, name, data, type }) => {
    const list = new DataTransfer();
    list.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type }));
    if (how === 'paste') field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: list, bubbles: true, cancelable: true }));
    else field.dispatchEvent(new DragEvent('drop', { dataTransfer: list, bubbles: true, cancelable: true }));
  }, { how, name, data: bytes.toString('base64'), type });
}

test('files by button, paste and drop, with a description; they arrive, hold their place and open large', async ({ browser }) => {
  const { channel } = world();
  const [ana, ben] = [await browserOf(browser, 'ana'), await browserOf(browser, 'ben')];
  await openChat(ana, channel);
  await openChat(ben, channel);
  await ana.locator('input[type=file]').setInputFiles({ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('north wall, oak') });
  await give(ana, 'paste', 'wall.png', picture(400, 200), 'image/png');
  await give(ana, 'drop', 'door.png', picture(60, 120), 'image/png');
  await expect(upload(ana, 'done')).toHaveCount(3);
  await ana.getByLabel('Description of wall.png for those who do not see it').fill('The blue wall');
  await ana.getByRole('button', { name: 'Remove door.png' }).click();
  await expect(upload(ana)).toHaveCount(2);
  const text = unique('Two files');
  await composer(ana).fill(text);
  await expect(composer(ana)).toHaveValue(text);
  await composer(ana).press('Enter');
  await expect(upload(ana)).toHaveCount(0);

  const row = messages(ben).locator('[role=listitem]', { hasText: text });
  await expect(row.getByRole('link', { name: /plan\.txt/ })).toBeVisible();
  const shown = row.getByRole('img', { name: 'The blue wall' });
  await expect(shown).toBeVisible();
  expect(await shown.evaluate((image: HTMLImageElement) => [image.width, image.height])).toEqual([358, 178]);
  await row.getByRole('button', { name: 'Open The blue wall' }).press('Enter');
  const large = ben.getByRole('dialog', { name: 'wall.png' });
  const whole = large.getByRole('img', { name: 'The blue wall' });
  await expect(whole).toBeVisible();
  const width = () => whole.evaluate((image: HTMLImageElement) => image.getBoundingClientRect().width);
  expect(await width()).toBe(400);
  await ben.keyboard.press('+');
  await ben.keyboard.press('+');
  await expect.poll(width).toBeGreaterThan(1_000);
  await large.getByRole('button', { name: 'Zoom out' }).click();
  await ben.keyboard.press('0');
  await expect.poll(width).toBe(400);
  const saved = ben.waitForEvent('download');
  await large.getByRole('link', { name: 'Save' }).click();
  expect((await saved).suggestedFilename()).toBe('wall.png');
  await ben.keyboard.press('Escape');
  await expect(large).toHaveCount(0);
  await expect(row.getByRole('button', { name: 'Open The blue wall' })).toBeFocused();
});

/** Cells as programs for tables give them: a text, its HTML, and a picture of them. */
async function giveCells(page: Page, how: 'paste' | 'drop'): Promise<boolean> {
  return composer(page).evaluate((field, how) => {
    const list = new DataTransfer();
    list.setData('text/plain', 'Test 1\tA\nTest 2\tB');
    list.setData('text/html', '<table><tr><td>Test 1</td><td>A</td></tr><tr><td>Test 2</td><td>B</td></tr></table>');
    list.items.add(new File(['x'], 'image.png', { type: 'image/png' }));
    const event = how === 'paste' ? new ClipboardEvent('paste', { clipboardData: list, bubbles: true, cancelable: true }) : new DragEvent('drop', { dataTransfer: list, bubbles: true, cancelable: true });
    return field.dispatchEvent(event);
  }, how);
}

test('cells are a text: the browser inserts it, and no picture of them is attached', async ({ browser }) => {
  const { direct } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, direct);
  for (const how of ['paste', 'drop'] as const) expect(await giveCells(ana, how)).toBe(true);
  await give(ana, 'paste', 'screenshot.png', picture(20, 20), 'image/png');
  await expect(upload(ana, 'done')).toHaveCount(1);
  await ana.getByRole('button', { name: 'Remove screenshot.png' }).click();
  await expect(upload(ana)).toHaveCount(0);
});

test('what is too large is said before it is sent; a failed upload is tried again; files survive a reload', async ({ browser }) => {
  const { direct } = world();
  const admin = await apiOf('ana');
  await admin.call('PATCH', '/settings', { attachment_max_mb: 1 });
  try {
    const ana = await browserOf(browser, 'ana');
    await openChat(ana, direct);
    await ana.locator('input[type=file]').setInputFiles({ name: 'film.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(1_200_000) });
    await expect(upload(ana, 'failed')).toContainText('Larger than 1 MB');
    await composer(ana).fill('not yet');
    await expect(ana.getByRole('button', { name: 'Send' })).toBeDisabled();
    await ana.getByRole('button', { name: 'Remove film.bin' }).click();

    await ana.route('**/uploads/**', (route) => route.abort());
    await ana.locator('input[type=file]').setInputFiles({ name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from('a;b\n1;2\n') });
    await expect(upload(ana, 'failed')).toContainText('cannot be reached');
    await ana.unroute('**/uploads/**');
    await ana.getByRole('button', { name: 'Try list.csv again' }).click();
    await expect(upload(ana, 'done')).toContainText('list.csv');
    await ana.reload();
    await openChat(ana, direct);
    await expect(upload(ana, 'done')).toContainText('list.csv');
    await composer(ana).fill('');
    await composer(ana).press('Enter');
    await expect(messages(ana).getByRole('link', { name: /list\.csv/ })).toBeVisible();
    await expect(upload(ana)).toHaveCount(0);
  } finally {
    await admin.call('PATCH', '/settings', { attachment_max_mb: null });
  }
});

test('a file shows how far it has come, and can be stopped on its way', async ({ browser }) => {
  const { direct } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, direct);
  // A slow line: 20 MB would take more than half a minute.
  const line = await ana.context().newCDPSession(ana);
  await line.send('Network.enable');
  await line.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 500_000 });
  await ana.locator('input[type=file]').setInputFiles({ name: 'film.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(20_000_000) });
  const bar = ana.getByRole('progressbar', { name: 'film.bin' });
  await expect.poll(() => bar.evaluate((one: HTMLProgressElement) => one.value)).toBeGreaterThan(0);
  expect(await bar.evaluate((one: HTMLProgressElement) => one.value)).toBeLessThan(1);
  await expect(upload(ana, 'sending')).toContainText(/\d+ % of 20 MB/);
  const stopped = ana.waitForEvent('requestfailed', (request) => request.url().includes('/uploads/'));
  await ana.getByRole('button', { name: 'Cancel film.bin' }).press('Enter');
  expect((await stopped).failure()!.errorText).toContain('ABORTED');
  await expect(upload(ana)).toHaveCount(0);
  await composer(ana).fill(unique('Without the film'));
  await expect(ana.getByRole('button', { name: 'Send' })).toBeEnabled();
});

test('Enter while a file is on its way sends when it is there', async ({ browser }) => {
  const { direct } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, direct);
  let go: () => void = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  await ana.route('**/uploads/**', async (route) => {
    await held;
    await route.continue();
  });
  await ana.locator('input[type=file]').setInputFiles({ name: 'slow.txt', mimeType: 'text/plain', buffer: Buffer.from('slow') });
  const text = unique('With the slow one');
  await composer(ana).fill(text);
  await composer(ana).press('Enter');
  await expect(ana.getByText('Will be sent when the files are there')).toBeVisible();
  go();
  await expect(messages(ana).locator('[role=listitem]', { hasText: text }).getByRole('link', { name: /slow\.txt/ })).toBeVisible();
  await expect(composer(ana)).toHaveValue('');
});
