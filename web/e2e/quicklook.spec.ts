// How the quick messenger looks and stands: on pages that would break it, on a phone, for those who do not see it.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test, unique } from './fixtures';
import { picture } from './picture';
import { composer, directOf, hostPage, launcher, openPanel, panel, ready, row, say, thread } from './quickhost';

const box = (page: Page) =>
  page.evaluate(async () => {
    const root = document.querySelector('parlor-quick')!.shadowRoot!;
    await Promise.all(root.getAnimations().map((one) => one.finished.catch(() => {})));
    return ['[data-launcher]', '[data-panel]', '[data-panel] h2', 'input[type=search]', '[data-conversation]'].map((selector) => {
      const element = root.querySelector(selector)!;
      const { width, height } = element.getBoundingClientRect();
      const { display, visibility, opacity, color, fontSize, fontFamily, backgroundColor, position, boxSizing } = getComputedStyle(element);
      return { selector, width: Math.round(width), height: Math.round(height), display, visibility, opacity, color, fontSize, fontFamily, backgroundColor, position, boxSizing };
    });
  });

test('hostile styles change nothing in it, and it changes nothing in the page', async ({ browser }) => {
  const plain = await hostPage(browser, 'ana', { query: { theme: 'light' } });
  await openPanel(plain);
  const hostile = await hostPage(browser, 'ana', { path: '/playground/hostile.html', query: { theme: 'light' } });
  await openPanel(hostile);
  expect(await box(hostile)).toEqual(await box(plain));
  // In front of whatever wants to be in front.
  const top = await hostile.evaluate(() => {
    const at = document.querySelector('parlor-quick')!.shadowRoot!.querySelector('[data-launcher]')!.getBoundingClientRect();
    return document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2)?.localName;
  });
  expect(top).toBe('parlor-quick');

  const styles = (page: Page) =>
    page.evaluate(() => ['html', 'body', '#mark', '#own', '.panel'].map((selector) => [...getComputedStyle(document.querySelector(selector)!)].map((name) => `${name}:${getComputedStyle(document.querySelector(selector)!).getPropertyValue(name)}`).join(';')));
  const without = await hostPage(browser, 'ana', { path: '/playground/hostile.html', query: { without: '1' } });
  expect(await styles(hostile)).toEqual(await styles(without));
  expect(await hostile.evaluate(() => [document.documentElement.lang, document.title, document.querySelectorAll('style,link').length])).toEqual(['en', 'Hostile page', 1]);
});

test('a strict content security policy is kept', async ({ browser }) => {
  const ana = await hostPage(browser, 'ana', { path: '/playground/strict.html' });
  const problems: string[] = [];
  ana.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await openPanel(ana);
  const direct = await directOf('ana', 'ben');
  await row(ana, direct).click();
  const mark = unique('but kind');
  await say(ana, `**strict** ${mark}`, mark);
  await expect(thread(ana).locator('strong').last()).toHaveText('strict');
  await panel(ana).getByRole('button', { name: 'Back' }).click();
  await panel(ana).getByRole('button', { name: 'Settings' }).click();
  await expect(panel(ana).getByRole('switch', { name: 'Sound' })).toBeVisible();
  expect(await ana.evaluate(() => (window as never as { violations: string[] }).violations)).toEqual([]);
  expect(problems).toEqual([]);
});

test('a phone: the whole screen, no button over it, letters that do not zoom', async ({ browser }) => {
  const direct = await directOf('ana', 'ben');
  const ana = await hostPage(browser, 'ana', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await launcher(ana).tap();
  await expect(panel(ana)).toHaveCSS('width', '390px');
  await expect(launcher(ana)).toBeHidden();
  await row(ana, direct).tap();
  await expect(composer(ana)).toHaveCSS('font-size', '16px');
  expect(await panel(ana).evaluate((element) => element.getBoundingClientRect().height)).toBe(844);
  await panel(ana).getByRole('button', { name: 'Close messages' }).tap();
  await ready(ana);
});

for (const theme of ['light', 'dark'] as const) {
  test(`no accessibility violation, ${theme}`, async ({ browser }) => {
    test.setTimeout(60_000);
    const direct = await directOf('ana', 'ben');
    const ana = await hostPage(browser, 'ana', { query: { theme } });
    const check = async (screen: string) => {
      await ana.waitForTimeout(250); // what moves has arrived
      const { violations } = await new AxeBuilder({ page: ana }).include('parlor-quick').withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      expect.soft(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} – ${node.failureSummary}`).join(' | ')}`), screen).toEqual([]);
    };
    await openPanel(ana);
    await check('list');
    await row(ana, direct).click();
    const mark = unique('and more');
    await say(ana, `see [this](https://example.com) and \`that\` ${mark}`, mark);
    await check('thread');
    await panel(ana).locator('input[type=file]').setInputFiles([{ name: 'wall.png', mimeType: 'image/png', buffer: picture(40, 20) }, { name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('plan') }]);
    await expect(panel(ana).locator('[data-upload=done]')).toHaveCount(2);
    await check('files to be sent');
    await composer(ana).press('Enter');
    await expect(thread(ana).getByRole('img', { name: 'wall.png' }).last()).toBeVisible();
    const line = thread(ana).locator('[data-row]', { hasText: mark });
    await line.hover();
    await panel(ana).getByRole('button', { name: 'Add reaction' }).click();
    await check('reactions');
    await panel(ana).getByRole('button', { name: 'Search emoji' }).click();
    await expect(panel(ana).locator('[data-emoji] button').first()).toBeVisible();
    await check('emoji');
    await ana.keyboard.press('Escape');
    await line.hover();
    await panel(ana).getByRole('button', { name: 'Add reaction' }).click();
    await panel(ana).locator('[data-tools]').getByRole('button', { name: '👍' }).click();
    await line.hover();
    await panel(ana).getByRole('button', { name: 'Edit message' }).click();
    await check('editing');
    await ana.keyboard.press('Escape');
    await line.hover();
    await panel(ana).getByRole('button', { name: 'Delete message' }).click();
    await check('deleted');
    await ana.locator('[data-discuss]').first().click();
    await expect(panel(ana).locator('[data-related]').last()).toBeVisible();
    await check('discuss');
    await panel(ana).getByRole('button', { name: 'Back' }).click();
    await panel(ana).getByRole('button', { name: 'Settings' }).click();
    await check('settings');
  });
}
