// Two people, two browsers: who is there, who types, and what they say of themselves, without a reload.
import { apiOf, browserOf, composer, expect, messages, openChat, send, test, unique, world } from './fixtures';

test('presence, typing and status cross from one browser to the other', async ({ browser }) => {
  test.setTimeout(60_000);
  const direct = await (await apiOf('ana')).open({ kind: 'direct', user_ids: [world().people.ben.id] });
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, direct.id);
  const header = ana.locator('header').filter({ has: ana.getByRole('heading', { level: 1 }) });
  const ben = await browserOf(browser, 'ben');
  await expect(header.getByRole('img', { name: 'Online' })).toBeVisible();
  await expect(header).toContainText('Online');

  await openChat(ben, direct.id);
  await composer(ben).pressSequentially('let me th');
  const typing = ana.locator('[data-typing]').first();
  await expect(typing).toContainText(/is typing/);
  await composer(ben).fill('');
  await expect(typing).not.toContainText(/is typing/);
  const text = unique('thought about it');
  await composer(ben).pressSequentially('x');
  await expect(typing).toContainText(/is typing/);
  await send(ben, text);
  await expect(messages(ana).getByText(text)).toBeVisible();
  await expect(typing).not.toContainText(/is typing/);

  await ben.getByRole('button', { name: 'Profile and settings' }).first().click();
  await ben.getByLabel('Status', { exact: true }).fill('On a train');
  await ben.getByRole('button', { name: 'Save' }).click();
  await expect(header).toContainText('On a train');
  await ben.getByLabel('Do not disturb').check();
  await expect(header.getByRole('img', { name: 'Busy' })).toBeVisible();
  await ben.getByLabel('Do not disturb').uncheck();
  await expect(header.getByRole('img', { name: 'Online' })).toBeVisible();
  await ben.context().close();
  await expect(header).toContainText(/Last seen/, { timeout: 15_000 });
});
