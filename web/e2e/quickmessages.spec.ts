// Messages in the quick messenger: reactions, changes, deletions and quotes, seen by both sides at once; by pointer and by keys alone.
import type { Locator, Page } from '@playwright/test';
import { apiOf, browserOf, expect, messages, openChat, test, unique, world } from './fixtures';
import { composer, directOf, hostPage, openPanel, panel, row, say, thread } from './quickhost';

const line = (page: Page, text: string): Locator => thread(page).locator('[data-row]', { hasText: text });
const tools = (page: Page) => panel(page).locator('[data-tools]');

async function withTools(page: Page, text: string): Promise<Locator> {
  await line(page, text).first().hover();
  await expect(tools(page)).toHaveCount(1);
  return tools(page);
}

async function two(browser: Parameters<typeof hostPage>[0]): Promise<[Page, Page, string]> {
  const direct = await directOf('ana', 'ben');
  const pages = [await hostPage(browser, 'ana'), await hostPage(browser, 'ben')] as const;
  for (const page of pages) {
    await openPanel(page);
    await row(page, direct).click();
    await expect(composer(page)).toBeVisible();
  }
  return [...pages, direct];
}

test('a reaction, a change, a quote and a deletion reach the other side at once', async ({ browser }) => {
  const [ana, ben] = await two(browser);
  const text = unique('Shall we deliver on Monday');
  await say(ana, text);
  await expect(line(ben, text)).toBeVisible();

  await (await withTools(ben, text)).getByRole('button', { name: 'Add reaction' }).click();
  await tools(ben).getByRole('button', { name: '🎉' }).click();
  const mine = line(ana, text).getByRole('button', { name: /^🎉/ });
  await expect(mine).toHaveText('🎉1');
  await expect(mine).toHaveAttribute('aria-pressed', 'false');
  await mine.click();
  await expect(line(ben, text).getByRole('button', { name: /^🎉/ })).toHaveText('🎉2');
  await line(ben, text).getByRole('button', { name: /^🎉/ }).click();
  await expect(mine).toHaveText('🎉1');
  await expect(mine).toHaveAttribute('aria-pressed', 'true');

  // Any other one: by its name.
  await (await withTools(ben, text)).getByRole('button', { name: 'Add reaction' }).click();
  await tools(ben).getByRole('button', { name: 'Search emoji' }).click();
  await panel(ben).getByRole('searchbox', { name: 'Search emoji' }).fill('rocket');
  await ben.keyboard.press('Enter');
  await expect(line(ana, text).getByRole('button', { name: /^🚀/ })).toHaveText('🚀1');

  // What somebody else wrote cannot be changed.
  await expect((await withTools(ben, text)).getByRole('button', { name: 'Reply' })).toBeVisible();
  await expect(tools(ben).getByRole('button', { name: /Edit|Delete/ })).toHaveCount(0);
  await tools(ben).getByRole('button', { name: 'Reply' }).click();
  await expect(panel(ben).getByText('Replying to Ana Lima')).toBeVisible();
  const answer = unique('Tuesday is better');
  await say(ben, answer);
  await expect(line(ana, answer)).toContainText(text);
  await expect(panel(ben).getByText('Replying to Ana Lima')).toHaveCount(0);

  await composer(ana).fill('kept draft');
  await (await withTools(ana, text)).getByRole('button', { name: 'Edit message' }).click();
  await expect(composer(ana)).toHaveValue(text);
  const better = unique('Shall we deliver on Tuesday');
  await composer(ana).fill(better);
  await composer(ana).press('Enter');
  await expect(line(ben, better).getByText('edited')).toBeVisible();
  await expect(composer(ana)).toHaveValue('kept draft');

  await (await withTools(ana, better)).getByRole('button', { name: 'Delete message' }).click();
  await expect(line(ana, 'This message was deleted.').last()).toBeVisible();
  await panel(ana).getByRole('button', { name: 'Undo' }).click();
  await expect(line(ana, better).first()).toBeVisible();
  await (await withTools(ana, better)).getByRole('button', { name: 'Delete message' }).click();
  await panel(ana).getByRole('status').getByRole('button', { name: 'Close' }).click();
  await expect(line(ben, 'This message was deleted.').last()).toBeVisible();
  await expect(line(ben, answer)).toContainText('Deleted message');
});

test('the same by keys alone', async ({ browser }) => {
  const [ana, ben] = await two(browser);
  const text = unique('by keys');
  await say(ana, text);
  await expect(line(ben, text)).toBeVisible();
  await composer(ben).press('Shift+Tab');
  await ben.keyboard.press('Shift+Tab');
  await expect(line(ben, text)).toBeFocused();
  await ben.keyboard.press('Enter');
  await expect(tools(ben).getByRole('button', { name: 'Add reaction' })).toBeFocused();
  await ben.keyboard.press('Enter');
  await ben.keyboard.press('ArrowRight');
  await ben.keyboard.press('Enter');
  await expect(line(ana, text).getByRole('button', { name: /^❤️/ })).toHaveText('❤️1');
  await expect(line(ben, text)).toBeFocused();
  await ben.keyboard.press('ArrowUp');
  await expect(line(ben, text)).not.toBeFocused();

  await composer(ana).press('ArrowUp');
  await expect(composer(ana)).toHaveValue(text);
  await ana.keyboard.press('Escape');
  await expect(composer(ana)).toHaveValue('');
  await ana.keyboard.press('ArrowUp');
  await ana.keyboard.type(' alone');
  await ana.keyboard.press('Enter');
  await expect(line(ben, `${text} alone`)).toBeVisible();
});

test('a quoted message that is far away is loaded and shown', async ({ browser }) => {
  const direct = await directOf('ana', 'ben');
  const api = await apiOf('ana');
  const text = unique('long ago');
  const old = await api.say(direct, text);
  for (let count = 0; count < 70; count++) await api.say(direct, `in between ${count}`);
  const answer = unique('back to that');
  await api.say(direct, answer, { reply_to_id: old.id });
  await api.call('POST', `/conversations/${direct}/read`, {}); // else it would open at what is unread
  const ana = await hostPage(browser, 'ana');
  await openPanel(ana);
  await row(ana, direct).click();
  await line(ana, answer).getByRole('button', { name: new RegExp(text) }).click();
  await expect(thread(ana).locator(`[data-seq="${old.seq}"]`)).toBeInViewport();
  await panel(ana).getByRole('button', { name: 'Jump to latest' }).click();
  await expect(line(ana, answer)).toBeInViewport();
});

test('it follows the Enter key and the contrast that the person has set in the inbox', async ({ browser }) => {
  const [ana] = await two(browser);
  const api = await apiOf('ana');
  const { preferences } = await api.call<{ preferences: Record<string, object> }>('GET', '/me');
  await api.call('PATCH', '/me', { preferences: { ...preferences, inbox: { ...preferences['inbox'], enter_sends: false, contrast: 'high' } } });
  try {
    await expect(panel(ana)).toHaveCSS('color', 'rgb(0, 0, 0)');
    await expect(panel(ana).getByRole('button', { name: 'Send' })).toHaveAttribute('title', 'Send (Ctrl+Enter)');
    const text = unique('two');
    await composer(ana).fill(text);
    await composer(ana).press('Enter');
    await composer(ana).pressSequentially('lines');
    await expect(composer(ana)).toHaveValue(`${text}\nlines`);
    await composer(ana).press('Control+Enter');
    await expect(line(ana, text)).toBeVisible();
  } finally {
    await api.call('PATCH', '/me', { preferences: preferences });
  }
  await expect(panel(ana)).not.toHaveCSS('color', 'rgb(0, 0, 0)');
});

test('what is done in the whole inbox shows here', async ({ browser }) => {
  const { channel } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, channel);
  const ben = await hostPage(browser, 'ben');
  await openPanel(ben);
  await row(ben, channel).click();
  const text = unique('from the inbox');
  const said = await (await apiOf('ana')).say(channel, text);
  await (await apiOf('chloe')).say(channel, 'in its thread', { thread_root_id: said.id });
  const shown = line(ben, text).first();
  await expect(shown.getByRole('link', { name: /1 reply/ })).toHaveAttribute('href', new RegExp(`/app/c/${channel}\\?thread=${said.id}$`));
  await shown.hover();
  await tools(ben).getByRole('button', { name: 'Add reaction' }).click();
  await tools(ben).getByRole('button', { name: '👍' }).click();
  await expect(messages(ana).getByRole('listitem').filter({ hasText: text }).getByRole('button', { name: /^👍/ })).toHaveText('👍1');
});
