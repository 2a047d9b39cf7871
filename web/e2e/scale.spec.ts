// 5,000 conversations and a thread of 10,000 messages: what is drawn does not grow with them. How long it takes is measured by `npm run bench`.
import { expect, test } from '@playwright/test';
import { crowded, LIST, nodes, wheel } from './crowded';

test.use({ trace: 'off' }); // its recording takes longer than what it records

/** In the whole document; of messages, of conversations and of what the palette offers at once. */
const MOST = { nodes: 1_500, messages: 80, conversations: 60, offers: 50 };

test('5,000 conversations and 10,000 messages', async ({ browser }) => {
  test.setTimeout(240_000);
  await crowded(browser, async (page) => {
    const messages = page.locator('#messages [data-key]');
    const conversations = page.locator(`${LIST} [data-conversation]`);
    await wheel(page, '#messages', -900, 60);
    await expect.poll(() => page.locator('#messages').evaluate((box) => box.scrollTop)).toBeGreaterThan(0);
    expect(await nodes(page), 'nodes, a long thread scrolled').toBeLessThan(MOST.nodes);
    expect(await messages.count()).toBeLessThan(MOST.messages);
    await wheel(page, LIST, 900, 60);
    expect(await nodes(page), 'nodes, the list scrolled').toBeLessThan(MOST.nodes);
    expect(await conversations.count()).toBeLessThan(MOST.conversations);
    await page.locator(LIST).evaluate((box) => (box.scrollTop = 0));
    await expect(conversations.first()).toContainText('The long one');

    // From one to the next and back: each draws its own rows and leaves none behind.
    for (const turn of [1, 2, 3, 1, 2, 3]) {
      const row = conversations.nth(turn);
      await row.click();
      await expect(row).toHaveAttribute('aria-current', 'page');
      await expect(messages.last()).toBeVisible();
      expect(await messages.count()).toBeLessThanOrEqual(5);
      expect(await nodes(page), 'nodes after a switch').toBeLessThan(MOST.nodes);
    }
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('combobox')).toBeFocused();
    for (const text of ['h', 'harbour', 'harbour 4', '480']) {
      await page.getByRole('combobox').fill(text);
      await expect(page.getByRole('option').first()).toBeVisible();
      expect(await page.getByRole('option').count(), text).toBeLessThan(MOST.offers);
    }
  });
});
