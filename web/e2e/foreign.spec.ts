// Texts from right to left with what is foreign in them, and long numbers of lists: in the inbox and in the quick messenger.
import type { Locator } from '@playwright/test';
import { apiOf, browserOf, expect, messages, openChat, test, unique, world } from './fixtures';
import { composer, directOf, hostPage, openPanel, row, thread } from './quickhost';

/** Where the first and the last sign of an element's first text are, from the left; and which way the element goes. */
const order = (element: Locator) => element.evaluate((node) => {
  const text = document.createTreeWalker(node, NodeFilter.SHOW_TEXT).nextNode() as Text;
  const left = (at: number) => {
    const range = document.createRange();
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect().left;
  };
  const { direction, unicodeBidi } = getComputedStyle(node);
  return { first: left(0), last: left(text.data.trimEnd().length - 1), direction, bidi: unicodeBidi };
});

const BODY = (word: string) => `@[Ben Roth] نعم! \`npm run build()\` https://example.com/a/ ${word} שלום\n\`\`\`\nconst a = [1, 2];\n\`\`\``;

async function readsRight(message: Locator): Promise<void> {
  await expect(message.locator('.prose')).toHaveCSS('direction', 'rtl');
  const [inline, block] = [message.locator('code').first(), message.locator('pre')];
  for (const code of [inline, block]) {
    const { first, last, direction, bidi } = await order(code);
    expect([direction, bidi, first < last]).toEqual(['ltr', 'isolate', true]);
  }
  for (const run of [message.locator('.mention'), message.locator('a')]) {
    const { first, last, bidi } = await order(run);
    expect([bidi, first < last]).toEqual(['plaintext', true]);
  }
}

/** Every number of a list has its place inside of the message. */
async function hasRoom(message: Locator): Promise<void> {
  const room = await message.locator('ol').evaluate((list) => {
    const line = document.createElement('span');
    line.textContent = '1000. ';
    line.style.whiteSpace = 'pre';
    list.querySelector('li')!.append(line);
    const { width } = line.getBoundingClientRect();
    line.remove();
    return { width, padding: parseFloat(getComputedStyle(list).paddingInlineStart) };
  });
  expect(room.padding).toBeGreaterThanOrEqual(room.width - 1);
}

const NUMBERS = (word: string) => `997. ${word}\n998. two\n999. three`;

test('in the inbox', async ({ browser }) => {
  const { direct, channel } = world();
  const api = await apiOf('ben');
  const [word, list] = [unique('word'), unique('numbers')];
  for (const place of [direct, channel]) {
    await api.say(place, BODY(word));
    await api.say(place, NUMBERS(list));
  }
  const ana = await browserOf(browser, 'ana');
  for (const place of [direct, channel]) {
    await openChat(ana, place);
    const line = (text: string) => messages(ana).locator('[role=listitem]', { hasText: text });
    await readsRight(line(word));
    await hasRoom(line(list));
  }
});

test('in the quick messenger', async ({ browser }) => {
  const direct = await directOf('ana', 'ben');
  const api = await apiOf('ben');
  const [word, list] = [unique('word'), unique('numbers')];
  await api.say(direct, BODY(word));
  await api.say(direct, NUMBERS(list));
  const ana = await hostPage(browser, 'ana');
  await openPanel(ana);
  await row(ana, direct).click();
  await expect(composer(ana)).toBeVisible();
  const line = (text: string) => thread(ana).locator('[data-row]', { hasText: text });
  await readsRight(line(word));
  await hasRoom(line(list));
});

test('a name from right to left keeps its brackets in every sentence', async ({ browser }) => {
  const api = await apiOf('ana');
  const name = `ليلى ${unique('(EXT)')}`;
  const { id } = await api.call<{ id: string }>('POST', '/users', { name });
  const channel = await api.open({ kind: 'channel', title: unique('Names') });
  await api.call('POST', `/conversations/${channel.id}/participants`, { user_ids: [id] });
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, channel.id);
  await expect(messages(ana).getByText(`\u2068${name}\u2069`)).toBeVisible();
});
