// From a key press in one browser to the text in another.
import { browserOf, composer as inboxComposer, expect, messages, openChat, test, unique, world } from '../e2e/fixtures';
import { composer, directOf, hostPage, openPanel, ready, row, thread } from '../e2e/quickhost';
import { report } from './report';

test.use({ trace: 'off' }); // its recording would be measured

test('the inbox: sent here, seen there', async ({ browser }) => {
  const { direct } = world();
  const [ana, ben] = [await browserOf(browser, 'ana'), await browserOf(browser, 'ben')];
  await openChat(ana, direct);
  await openChat(ben, direct);
  const rounds: number[] = [];
  for (let round = 0; round < 6; round++) {
    const text = unique('how fast');
    await inboxComposer(ana).fill(text);
    const start = Date.now();
    await inboxComposer(ana).press('Enter');
    await expect(messages(ben).getByText(text)).toBeVisible();
    rounds.push(Date.now() - start);
  }
  report('inbox, sent here to seen there, best of six', Math.min(...rounds), 1_000);
});

test('the quick messenger: key press here, text there', async ({ browser }) => {
  const direct = await directOf('ana', 'ben');
  const [ben, ana] = [await hostPage(browser, 'ben'), await hostPage(browser, 'ana')];
  for (const page of [ana, ben]) {
    await ready(page);
    await openPanel(page);
    await row(page, direct).click();
  }
  // From the key press here to the text there; in several rounds.
  const rounds: number[] = [];
  for (let round = 0; round < 6; round++) {
    const text = unique('how fast');
    await ben.evaluate((wanted) => {
      const root = document.querySelector('parlor-quick')!.shadowRoot!;
      const box = root.querySelector('[data-messages]')!;
      const seen = new MutationObserver(() => {
        if (!box.textContent!.includes(wanted)) return;
        seen.disconnect();
        Object.assign(window, { seenAt: performance.timeOrigin + performance.now() });
      });
      Object.assign(window, { seenAt: 0 });
      seen.observe(box, { childList: true, subtree: true, characterData: true });
    }, text);
    await composer(ana).fill(text);
    await ana.evaluate(() => addEventListener('keydown', () => Object.assign(window, { sentAt: performance.timeOrigin + performance.now() }), { capture: true, once: true }));
    await composer(ana).press('Enter');
    await expect(thread(ben).getByText(text)).toBeVisible();
    const [sent, seen] = [await ana.evaluate(() => (window as never as { sentAt: number }).sentAt), await ben.evaluate(() => (window as never as { seenAt: number }).seenAt)];
    rounds.push(seen - sent);
  }
  report('quick messenger, key press here to text there, best of six', Math.min(...rounds), 200);
});
