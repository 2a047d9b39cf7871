// 5,000 conversations and a thread of 10,000 messages: how long a switch takes, how long the page is blocked while it scrolls, how long a key in
// the palette takes. What is drawn for it is counted by e2e/scale.spec.ts.
import { expect, test, type Page } from '@playwright/test';
import { crowded, LIST, wheel } from '../e2e/crowded';
import { report } from './report';

test.use({ trace: 'off' }); // its recording would be measured

const at = (sorted: number[], part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;

/** Clicks conversations one after the other; the time until a frame has shown the last message, for those seen before. */
const switches = (page: Page): Promise<number[]> =>
  page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const shown = () => [...document.querySelectorAll('#messages [data-seq]')].at(-1)?.checkVisibility({ visibilityProperty: true });
    const scroller = document.querySelector('section [role=list]')!;
    await new Promise((done) => setTimeout(done, 500)); // the list has come to rest at its top
    const ids = [...scroller.querySelectorAll<HTMLElement>('[data-conversation]')].slice(0, 8).map((row) => row.dataset['conversation']!);
    const times: number[] = [];
    for (let round = 0; round < 6; round++) {
      for (const id of ids) {
        const row = () => document.querySelector<HTMLElement>(`[data-conversation="${id}"]`);
        while (!row()) await frame(); // the list may be drawing its rows anew
        const begun = performance.now();
        row()?.click();
        do await frame();
        while (!(location.pathname.endsWith(id) && shown()) && performance.now() - begun < 5_000);
        if (round > 0) times.push(performance.now() - begun);
        await new Promise((done) => setTimeout(done, round > 0 ? 30 : 250));
      }
    }
    return times.sort((a, b) => a - b);
  });

/** Scrolls by the wheel; the longest time that the page was blocked. */
async function blockedWhile(page: Page, work: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const seen: number[] = ((window as unknown as { tasks: number[] }).tasks = []);
    new PerformanceObserver((list) => seen.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask' });
  });
  await work();
  return page.evaluate(() => Math.max(0, ...(window as unknown as { tasks: number[] }).tasks));
}

test('5,000 conversations and 10,000 messages', async ({ browser }) => {
  test.setTimeout(240_000);
  await crowded(browser, async (page) => {
    const inThread = await blockedWhile(page, () => wheel(page, '#messages', -900, 60));
    const inList = await blockedWhile(page, () => wheel(page, LIST, 900, 60));
    await page.locator(LIST).evaluate((box) => (box.scrollTop = 0));
    await expect(page.locator('[data-conversation]').first()).toContainText('The long one');
    const times = await switches(page);
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('combobox')).toBeFocused();
    const keys = await page.evaluate(async () => {
      const field = document.activeElement as HTMLInputElement;
      const spent: number[] = [];
      for (const text of ['h', 'ha', 'har', 'harb', 'harbo', 'harbou', 'harbour', 'harbour 4', '4', '48', '480']) {
        const begun = performance.now();
        field.value = text;
        field.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise((done) => requestAnimationFrame(done));
        spent.push(performance.now() - begun);
      }
      return spent.sort((a, b) => a - b);
    });
    report('a switch to a conversation seen before, p95', at(times, 0.95), 50);
    report('the page blocked while a long thread scrolls, longest', inThread, 100);
    report('the page blocked while the list scrolls, longest', inList, 100);
    report('a key in the palette, p95', at(keys, 0.95), 50);
  });
});
