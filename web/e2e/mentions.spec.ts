// Whom a message mentions: chosen from the list, by id; and what is said about a name that is nobody's.
import type { Page } from '@playwright/test';
import { apiOf, browserOf, composer, expect, messages, openChat, test, unique, world } from './fixtures';

interface Answer { id: string; body: string; mentions: { user_id: string }[] }
const options = (page: Page) => page.getByRole('option');
const status = (page: Page) => page.getByRole('status').filter({ hasText: 'called' });

/** What the server has of a message with this text. */
async function found(conversation: string, text: string): Promise<Answer | undefined> {
  const { items } = await (await apiOf('ana')).call<{ items: Answer[] }>('GET', `/conversations/${conversation}/messages?limit=20`);
  return items.find((one) => one.body.includes(text));
}

/** A channel with these people besides Ana. */
async function channelWith(names: string[]): Promise<{ id: string; people: string[] }> {
  const api = await apiOf('ana');
  const people: string[] = [];
  for (const name of names) people.push((await api.call<{ id: string }>('POST', '/users', { name, email: `${crypto.randomUUID()}@example.com` })).id);
  const { id } = await api.open({ kind: 'channel', title: unique('Mentions'), user_ids: people });
  return { id, people };
}

test('two people of one name, and a name with brackets, are each who was chosen; an edit may change that', async ({ browser }) => {
  const name = unique('Anna Schmidt');
  const { id, people } = await channelWith([name, name, `${name} [EXT]`]);
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, id);
  const choose = async (index: number) => {
    await composer(ana).pressSequentially('请@Anna');
    await expect(options(ana)).toHaveCount(3);
    await options(ana).filter({ hasNotText: 'EXT' }).nth(index).click();
  };
  await choose(0);
  await choose(1);
  await expect(composer(ana)).toHaveValue(`请@[${name}] 请@[${name}] `);
  const word = unique('both');
  await composer(ana).pressSequentially(word);
  await composer(ana).press('Enter');
  const row = messages(ana).locator('[role=listitem]', { hasText: word });
  await expect(row.locator('.mention')).toHaveText([`@${name}`, `@${name}`]);
  await expect.poll(async () => (await found(id, word))?.mentions.map((one) => one.user_id).sort()).toEqual(people.slice(0, 2).sort());

  await composer(ana).pressSequentially('@Anna');
  await options(ana).filter({ hasText: 'EXT' }).click();
  await expect(composer(ana)).toHaveValue(`@[${name} [EXT]] `);
  const other = unique('brackets');
  await composer(ana).pressSequentially(other);
  await composer(ana).press('Enter');
  const third = messages(ana).locator('[role=listitem]', { hasText: other });
  await expect(third.locator('.mention')).toHaveText(`@${name} [EXT]`);
  await expect.poll(async () => (await found(id, other))?.mentions.map((one) => one.user_id)).toEqual([people[2]]);

  await composer(ana).press('ArrowUp');
  await composer(ana).fill('');
  await composer(ana).pressSequentially('drinks:@Anna');
  await options(ana).filter({ hasNotText: 'EXT' }).first().click();
  await composer(ana).pressSequentially(other);
  await composer(ana).press('Enter');
  await expect.poll(async () => (await found(id, other))?.mentions.length).toBe(1);
  await expect.poll(async () => people.indexOf((await found(id, other))!.mentions[0]!.user_id)).toBeLessThan(2);
});

test('nothing is offered in code and in addresses', async ({ browser }) => {
  const { channel } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, channel);
  for (const text of ['`@be', 'https://example.com/@be', 'ana@be']) {
    await composer(ana).fill('');
    await composer(ana).pressSequentially(text);
    await expect(options(ana)).toHaveCount(0);
  }
  await composer(ana).fill('');
  await composer(ana).pressSequentially('_@be');
  await expect(options(ana).first()).toContainText('Ben Roth');
  await composer(ana).fill('');
});

test('the writer hears of a name that is nobody’s: of a new message, of a change, and from another conversation', async ({ browser }) => {
  const { channel, direct } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, channel);
  const word = unique('ready?');
  await composer(ana).fill(`@[Carla Nova] ${word}`);
  await composer(ana).press('Enter');
  await expect(status(ana)).toContainText('Nobody here is called Carla Nova, so nobody was mentioned by that name.');
  await status(ana).getByRole('button', { name: 'Close' }).click();
  await expect(status(ana)).toHaveCount(0);

  await composer(ana).press('ArrowUp');
  await composer(ana).fill(`@[Carla Nova] @[Ben Roth] @[Dora Nix] ${word}`);
  await composer(ana).press('Enter');
  await expect(status(ana)).toContainText('Nobody here is called Carla Nova or Dora Nix');
  await status(ana).getByRole('button', { name: 'Close' }).click();

  let release = (): void => {};
  const held = new Promise<void>((done) => (release = done));
  await ana.route('**/messages', async (route) => {
    if (route.request().method() === 'POST') await held;
    await route.continue();
  });
  await composer(ana).fill(`@[Edo Nil] ${unique('late')}`);
  await composer(ana).press('Enter');
  await openChat(ana, direct);
  release();
  await expect(status(ana)).toContainText('In “');
  await expect(status(ana)).toContainText('nobody is called Edo Nil');
});
