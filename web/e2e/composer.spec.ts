// Completion, commands, drafts, and the address of a "Discuss" button.
import type { Page } from '@playwright/test';
import { apiOf, browserOf, composer, expect, messages, openChat, rowOf, test, unique, world } from './fixtures';

const options = (page: Page) => page.getByRole('option');

/** A conversation of its own for what is typed and not sent: its draft may outlive the window on the server. */
const fresh = async () => (await (await apiOf('ana')).open({ kind: 'group', title: unique('typed only'), user_ids: [world().people.ben.id] })).id;

test('people, channels and emoji are completed by the keyboard, and channels become links', async ({ browser }) => {
  const { channel } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, channel);
  await composer(ana).pressSequentially('Hello @be');
  await expect(options(ana).first()).toContainText('Ben Roth');
  await expect(composer(ana)).toHaveAttribute('aria-activedescendant', /offer-0$/);
  await composer(ana).press('Enter');
  await expect(composer(ana)).toHaveValue('Hello @[Ben Roth] ');
  await composer(ana).pressSequentially(':rock');
  await expect(options(ana).first()).toContainText(':rocket:');
  await composer(ana).press('Tab');
  await composer(ana).pressSequentially('see #lau');
  await expect(options(ana).first()).toContainText('launch');
  await composer(ana).press('Enter');
  await expect(composer(ana)).toHaveValue('Hello @[Ben Roth] 🚀 see #launch ');
  const word = unique('now');
  await composer(ana).pressSequentially(word);
  await composer(ana).press('Enter');
  const row = messages(ana).locator('[role=listitem]', { hasText: word });
  await expect(row.getByRole('link', { name: '#launch' })).toHaveAttribute('href', new RegExp(`/app/c/${channel}$`));
});

test('one word mentions everybody', async ({ browser }) => {
  const { channel, direct } = world();
  const [ana, ben] = [await browserOf(browser, 'ana'), await browserOf(browser, 'ben')];
  await openChat(ben, direct);
  await openChat(ana, channel);
  await composer(ana).pressSequentially('Lunch @al');
  await expect(options(ana).filter({ hasText: '@all' })).toContainText('2 people');
  await composer(ana).press('Enter');
  await expect(composer(ana)).toHaveValue('Lunch @all ');
  const word = unique('today');
  await composer(ana).pressSequentially(word);
  await composer(ana).press('Enter');
  await expect(rowOf(ben, channel).locator('.count-mention')).toContainText('@');
  await openChat(ben, channel);
  const mention = (page: Page) => messages(page).locator('[role=listitem]', { hasText: word }).locator('.mention');
  await expect(mention(ben)).toHaveText('@all');
  await expect(mention(ben)).toHaveClass(/mention-me/);
  await expect(mention(ana)).not.toHaveClass(/mention-me/);
  await openChat(ana, direct);
  await composer(ana).pressSequentially('Lunch @');
  await expect(options(ana).first()).toBeVisible();
  await expect(options(ana).filter({ hasText: '@all' })).toHaveCount(0);
  await composer(ana).fill('');
});

test('an input method keeps its Enter', async ({ browser }) => {
  const place = await fresh();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, place);
  const text = unique('にほん');
  await composer(ana).fill(text);
  await composer(ana).evaluate((field) => {
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }));
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true } as KeyboardEventInit));
  });
  await expect(composer(ana)).toHaveValue(text);
  await composer(ana).fill('');
});

test('commands: offered by right, run with their argument; an unknown one asks first', async ({ browser }) => {
  const { support } = world();
  const place = await fresh();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, support);
  await composer(ana).pressSequentially('/pri');
  await expect(options(ana).first()).toContainText('/priority');
  await composer(ana).press('Enter');
  await composer(ana).pressSequentially('urg');
  await composer(ana).press('Enter');
  await expect(composer(ana)).toHaveValue('');
  await expect(ana.locator('header').getByText('Urgent')).toBeVisible();
  await composer(ana).pressSequentially('/assign ben');
  await expect(options(ana).first()).toContainText('Ben Roth');
  await composer(ana).press('Enter');
  await expect(messages(ana).getByText('Ana Lima assigned Ben Roth')).toBeVisible();
  const note = unique('only for us');
  await composer(ana).pressSequentially(`/note ${note}`);
  await composer(ana).press('Enter');
  await expect(composer(ana)).toHaveValue(note);
  await expect(ana.getByRole('radio', { name: 'Private note' })).toBeChecked();
  await composer(ana).fill('');
  await ana.getByRole('radio', { name: 'Reply' }).click();

  await openChat(ana, place);
  await composer(ana).pressSequentially('/resolve');
  await expect(options(ana)).toHaveCount(0);
  await composer(ana).press('Enter');
  const question = ana.getByRole('alertdialog');
  await expect(question).toContainText('There is no command “/resolve” here');
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(composer(ana)).toHaveValue('/resolve');
  const path = unique('/usr/share is a path');
  await composer(ana).fill(path);
  await composer(ana).press('Enter');
  await expect(messages(ana).getByText(path)).toBeVisible();
});

test('a draft is kept in every view of the list, stands among the drafts, and is nowhere else', async ({ browser }) => {
  const { channel, direct } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, direct);
  const text = unique('For one person only');
  await composer(ana).fill(text);
  for (const filter of ['Team', 'DMs', 'All']) await ana.getByRole('group', { name: 'Filter' }).getByRole('button', { name: filter, exact: true }).click();
  await expect(composer(ana)).toHaveValue(text);
  await openChat(ana, channel);
  await expect(composer(ana)).toHaveValue('');
  await ana.getByRole('link', { name: /draft/ }).click();
  await expect(ana.getByRole('heading', { level: 1, name: 'Drafts' })).toBeVisible();
  const entry = ana.getByRole('main').getByRole('listitem').filter({ hasText: text });
  await entry.getByRole('button', { name: /Discard/ }).click();
  await expect(entry).toHaveCount(0);
  await ana.getByRole('button', { name: 'Undo' }).click();
  await entry.getByRole('link').click();
  await expect(composer(ana)).toHaveValue(text);
  await composer(ana).fill('');
  await expect(rowOf(ana, direct).getByLabel('Draft')).toHaveCount(0);
});

test('“Discuss”: the address opens the conversation with draft and record; only safe addresses are linked', async ({ browser }) => {
  const { url, people, direct } = world();
  const ana = await browserOf(browser, 'ana');
  const query = new URLSearchParams({ to: people.ben.email, type: 'order', id: '4711', title: 'Order 4711', url: 'https://shop.example/orders/4711', text: 'Can we ship this?' });
  await ana.goto(`${url}/app/compose?${query}`);
  await expect(composer(ana)).toHaveValue('Can we ship this?');
  await expect(ana).toHaveURL(new RegExp(`/app/c/${direct}$`));
  const card = ana.locator('form [data-related]');
  await expect(card.getByRole('link', { name: /Order 4711/ })).toHaveAttribute('href', 'https://shop.example/orders/4711');
  const text = unique('Ship it');
  await composer(ana).fill(text);
  await composer(ana).press('Enter');
  await expect(messages(ana).locator('[data-related]').last()).toContainText('Order 4711');
  await expect(card).toHaveCount(0);

  await ana.goto(`${url}/app/compose?to=${people.ben.id}&type=order&id=1&title=Evil&url=${encodeURIComponent('javascript:alert(1)')}`);
  await expect(card).toContainText('Evil');
  await expect(card.getByRole('link')).toHaveCount(0);
  await card.getByRole('button', { name: 'Remove the record' }).click();
  await expect(card).toHaveCount(0);
});

test('a warning when a colleague has answered meanwhile', async ({ browser }) => {
  const { support } = world();
  const [ana, ben] = [await browserOf(browser, 'ana'), await apiOf('ben')];
  const admin = await apiOf('ana');
  await admin.call('POST', `/conversations/${support}/participants`, { user_ids: [ben.id] });
  await openChat(ana, support);
  await composer(ana).fill('Dear Léa, ');
  await ben.say(support, unique('I have it already'));
  await expect(ana.locator('[data-collision]')).toContainText('Ben Roth answered');
  await composer(ana).fill('');
  await expect(ana.locator('[data-collision]')).toHaveCount(0);
});
