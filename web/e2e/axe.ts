// One place that says what "accessible" means to the tests.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export async function accessible(page: Page, screen: string, popup = false): Promise<void> {
  await page.waitForTimeout(350); // what moves has arrived
  const axe = new AxeBuilder({ page }).withTags(TAGS);
  // An open menu stands at the end of the document, in no landmark, as menus do, and covers what was looked at before.
  const { violations } = await (popup ? axe.disableRules(['region']).exclude('#messages') : axe).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} – ${node.failureSummary}`).join(' | ')}`);
  expect.soft(found, screen).toEqual([]);
}
