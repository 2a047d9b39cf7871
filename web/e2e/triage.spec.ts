// Working through the list: filters, several at once, and everything without a mouse.
import type { Page } from '@playwright/test';
import { apiOf, browserOf, composer, expect, messages, openChat, rowOf, test, unique, world } from './fixtures';

const status = (page: Page) => page.locator('header [data-status]');
const toast = (page: Page) => page.getByRole('button', { name: 'Undo' });

async function customer(name: string): Promise<{ id: string; name: string }> {
  const ana = await apiOf('ana');
  const { id } = await ana.open({ kind: 'support', contact: { name, email: `${name.replace(/\W/g, '')}@example.com` }, subject: 'Lamp', message: { body: `Hello ${name}` } });
  return { id, name };
}

test('a support conversation from beginning to end without a mouse', async ({ browser }) => {
  const { id, name } = await customer(unique('Noor'));
  const ana = await browserOf(browser, 'ana');
  await ana.keyboard.press('Control+k');
  await expect(ana.getByRole('combobox')).toBeFocused();
  await ana.keyboard.type(name);
  await expect(ana.getByRole('option').first()).toContainText(name);
  await ana.keyboard.press('Enter');
  await expect(composer(ana)).toBeFocused();
  const reply = unique('We send a new one');
  await ana.keyboard.type(reply);
  await ana.keyboard.press('Enter');
  await expect(messages(ana).getByText(reply)).toBeVisible();
  await ana.keyboard.press('Escape');
  await expect(messages(ana)).toBeFocused();
  await ana.keyboard.press('n');
  await expect(ana.getByRole('radio', { name: 'Private note' })).toBeChecked();
  await ana.keyboard.type('Second broken lamp this week');
  await ana.keyboard.press('Enter');
  await ana.keyboard.press('Escape');

  await ana.keyboard.press('a');
  await ana.getByRole('dialog', { name: 'Assign' }).getByRole('combobox').pressSequentially('ben');
  await expect(ana.getByRole('option').first()).toContainText('Ben Roth');
  await ana.keyboard.press('Enter');
  await expect(messages(ana).getByText('Ana Lima assigned Ben Roth')).toBeVisible();

  await ana.keyboard.press('l');
  const label = unique('lamp').replace(' ', '-');
  await ana.getByRole('dialog', { name: 'Labels' }).getByRole('combobox').pressSequentially(label);
  await ana.keyboard.press('Enter');
  await expect(ana.getByRole('option', { name: label })).toHaveAttribute('aria-selected', 'true');
  await ana.keyboard.press('Escape');

  await ana.keyboard.press('t');
  const ticket = ana.getByRole('dialog', { name: 'Ticket' });
  await expect(ticket).toContainText(`Will be linked with “${name}”`);
  await expect(ticket.getByLabel('Subject')).toHaveValue('Lamp');
  await ticket.getByRole('textbox', { name: 'Message' }).focus();
  await ana.keyboard.type('Please look at the packing');
  await ticket.getByRole('button', { name: 'Start' }).focus();
  await ana.keyboard.press('Enter');
  await expect(ana.getByRole('heading', { level: 1 })).toContainText('Lamp');
  await expect(ana.getByRole('heading', { level: 1 })).not.toHaveText(name);
  await ana.goBack();
  await expect(ana.getByRole('heading', { level: 1 })).toHaveText(name);
  await messages(ana).focus();

  await ana.keyboard.press('s');
  await expect(ana.getByRole('dialog', { name: 'Snooze' }).getByRole('combobox')).toBeFocused();
  await ana.keyboard.press('Enter');
  await expect(status(ana)).toHaveAttribute('data-status', 'snoozed');
  await messages(ana).focus();
  await ana.keyboard.press('e');
  await expect(status(ana)).toHaveAttribute('data-status', 'resolved');
  const api = await apiOf('ana');
  const made = () => api.call<{ status: string; labels: string[]; linked_conversation_id: string | null }>('GET', `/conversations/${id}`);
  await expect.poll(async () => (await made()).status, 'the last of it has come to the server').toBe('resolved');
  const { labels, linked_conversation_id } = await made();
  expect(labels).toContain(label);
  expect(linked_conversation_id).not.toBeNull();
});

test('several at once by mouse and keyboard, with undo', async ({ browser }) => {
  const [one, two] = [await customer(unique('Ida')), await customer(unique('Olu'))];
  const ana = await browserOf(browser, 'ana');
  await expect(rowOf(ana, two.id)).toBeVisible();
  const bar = ana.locator('[data-bulk]');
  await rowOf(ana, two.id).focus();
  await ana.keyboard.press('x');
  await expect(bar).toContainText('1 selected');
  await ana.getByRole('checkbox', { name: `Select ${one.name}` }).click();
  await expect(bar).toContainText('2 selected');
  await bar.getByRole('button', { name: 'Resolve' }).click();
  await expect(ana.getByText('2 conversations resolved')).toBeVisible();
  const api = await apiOf('ana');
  const states = async () => Promise.all([one, two].map(async ({ id }) => (await api.call<{ status: string }>('GET', `/conversations/${id}`)).status));
  await expect.poll(states).toEqual(['resolved', 'resolved']);
  await toast(ana).click();
  await expect.poll(states).toEqual(['open', 'open']);

  await rowOf(ana, two.id).focus();
  await ana.keyboard.press('x');
  await bar.getByRole('button', { name: 'Mute' }).press('Enter');
  await expect(rowOf(ana, two.id).getByLabel('Muted')).toBeVisible();
  await expect(bar).toHaveCount(0);
});

test('the list narrows to mentions, to what is mine, and to what nobody has', async ({ browser }) => {
  const { channel, direct } = world();
  const taken = await customer(unique('Taken'));
  const free = await customer(unique('Free'));
  const api = await apiOf('ana');
  await api.call('PATCH', `/conversations/${taken.id}`, { assignee_id: api.id });
  const ben = await apiOf('ben');
  await ben.say(channel, '@[Ana Lima] one for you');
  await ben.say(direct, 'and one without');
  const ana = await browserOf(browser, 'ana');
  const only = (name: string) => ana.getByRole('group', { name: 'Show only' }).getByRole('button', { name });
  await only('Mentions').click();
  await expect(rowOf(ana, channel)).toBeVisible();
  await expect(rowOf(ana, direct)).toHaveCount(0);
  await only('Mentions').click();
  await only('Unassigned').click();
  await expect(rowOf(ana, free.id)).toBeVisible();
  await expect(rowOf(ana, taken.id)).toHaveCount(0);
  await expect(rowOf(ana, channel)).toHaveCount(0);
  await only('Unassigned').click();
  await only('Mine').click();
  await expect(rowOf(ana, taken.id)).toBeVisible();
});

test('search with operators; a wrong one is explained', async ({ browser }) => {
  const { channel } = world();
  const word = unique('walnut').replace(/\W/g, '');
  const [ana, ben] = [await apiOf('ana'), await apiOf('ben')];
  await ana.say(channel, `${word} by Ana`);
  await ben.say(channel, `${word} by Ben https://example.com`);
  const page = await browserOf(browser, 'ana');
  await page.keyboard.press('/');
  const field = page.getByRole('searchbox', { name: 'Search messages' });
  await field.fill(`${word} from:ben in:launch`);
  const hits = page.getByRole('main').getByRole('link').filter({ has: page.locator('mark') });
  await expect(hits).toHaveCount(1);
  await expect(hits).toContainText('by Ben');
  await field.fill(`has:link in:#launch`);
  await expect(page.getByRole('main').getByRole('link').filter({ hasText: 'by Ben' })).toBeVisible();
  await field.fill(`${word} after:tomorrow`);
  await expect(page.getByRole('alert')).toContainText('“tomorrow” is no day');
  await field.fill(`${word} from:zzz`);
  await expect(page.getByText('There is nobody called “zzz”.')).toBeVisible();
});

test('to a date, and to a message far up, exactly', async ({ browser }) => {
  const { direct } = world();
  const ben = await apiOf('ben');
  const first = await ben.say(direct, unique('the first of many'));
  for (let n = 0; n < 120; n++) await ben.say(direct, n % 7 ? `line ${n}` : `line ${n}\n\n\`\`\`\n${'code\n'.repeat(12)}\`\`\``);
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, direct);
  await ana.goto(`${world().url}/app/c/${direct}?m=${first.seq}`);
  const target = messages(ana).locator(`[data-seq="${first.seq}"]`);
  await expect(target).toBeInViewport();
  await expect(target).toHaveClass(/animate-flash/);
  await ana.getByRole('button', { name: /^Jump to latest|new message/ }).click();
  await expect(messages(ana).getByText('line 119')).toBeInViewport();
  await ana.getByRole('button', { name: 'Conversation actions' }).click();
  await ana.getByRole('menuitem', { name: 'Go to a date…' }).click();
  await ana.getByRole('button', { name: 'Go', exact: true }).click();
  const day = messages(ana).getByText('Today', { exact: true });
  await expect(day).toBeInViewport();
});

test('every dialog opens by a key, keeps the focus inside, and gives it back on Escape', async ({ browser }) => {
  const { support } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, support);
  const inside = () => ana.evaluate(() => Boolean(document.activeElement?.closest('[role=dialog]')));
  for (const key of ['c', '?', 'a', 's', 'l', 't', 'Control+k']) {
    await messages(ana).focus();
    await ana.keyboard.press(key);
    await expect(ana.getByRole('dialog')).toBeVisible();
    await expect.poll(inside, `${key} moves the focus into the dialog`).toBe(true);
    for (let n = 0; n < 12; n++) {
      await ana.keyboard.press('Tab');
      expect(await inside(), `Tab ${n} of ${key} stays inside`).toBe(true);
    }
    await ana.keyboard.press('Escape');
    await expect(ana.getByRole('dialog')).toHaveCount(0);
    await expect(messages(ana), `focus comes back after ${key}`).toBeFocused();
  }
});
