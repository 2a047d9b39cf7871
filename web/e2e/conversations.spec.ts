// Opening one of every kind by the dialog, and changing it by the details.
import type { Page } from '@playwright/test';
import { browserOf, colleagues, composer, expect, messages, test, unique } from './fixtures';

async function begin(page: Page, kind: RegExp): Promise<void> {
  await page.locator('nav').getByRole('button', { name: 'New conversation' }).click();
  await page.getByRole('dialog').getByRole('button', { name: kind }).click();
}

async function choose(page: Page, field: string, name: string): Promise<void> {
  await page.getByRole('combobox', { name: field }).fill(name);
  await page.getByRole('option', { name: new RegExp(name) }).first().click();
}

const title = (page: Page) => page.getByRole('heading', { level: 1 });

test('a direct message is the one that exists', async ({ browser }) => {
  const page = await browserOf(browser, 'ana');
  await begin(page, /^Direct message/);
  await choose(page, 'To', 'Chlo');
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(title(page)).toHaveText('Chloé Martin');
  const address = page.url();
  await begin(page, /^Direct message/);
  await choose(page, 'To', 'Chlo');
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(page.url()).toBe(address);
});

test('a group: members, renaming, leaving', async ({ browser }) => {
  const page = await browserOf(browser, 'ana');
  const name = unique('Offsite');
  await begin(page, /^Group/);
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page.getByText('Fill in this field.').first()).toBeVisible();
  await choose(page, 'To', 'Ben');
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Message (optional)').fill('Who comes?');
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(title(page)).toHaveText(name);
  await expect(messages(page).getByText('Who comes?')).toBeVisible();
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByRole('button', { name: 'Add people' }).click();
  await choose(page, 'Members', 'Chlo');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(details.getByText('Chloé Martin')).toBeVisible();
  await expect(messages(page).getByText('Ana Lima added Chloé Martin')).toBeVisible();
  await details.getByRole('button', { name: 'Edit' }).click();
  await details.getByLabel('Name').fill(`${name} II`);
  await details.getByRole('button', { name: 'Save' }).click();
  await expect(title(page)).toHaveText(`${name} II`);
  await details.getByRole('button', { name: 'Leave conversation' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Leave conversation' }).click();
  await expect(page.locator('[data-conversation]', { hasText: name })).toHaveCount(0);
});

test('channel, broadcast, announcement, ticket and support', async ({ browser }) => {
  test.setTimeout(60_000);
  const page = await browserOf(browser, 'ana');
  const name = unique('x');
  await begin(page, /^Team channel/);
  await page.getByLabel('Name').fill(`Channel ${name}`);
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(title(page)).toHaveText(`Channel ${name}`);

  await begin(page, /^Broadcast/);
  await choose(page, 'To', 'Ben');
  await page.getByLabel('Subject').fill(`Broadcast ${name}`);
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Read this');
  await page.getByRole('button', { name: 'Publish' }).click();
  await expect(title(page)).toHaveText(`Broadcast ${name}`);

  await begin(page, /^Announcement/);
  await page.getByLabel('Subject').fill(`Announcement ${name}`);
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('For all');
  await page.getByRole('button', { name: 'Publish' }).click();
  await expect(title(page)).toHaveText(`Announcement ${name}`);
  await expect(page.getByText(`0 of ${await colleagues('ana')} acknowledged`)).toBeVisible();

  await begin(page, /^Ticket/);
  await page.getByLabel('Subject').fill(`Ticket ${name}`);
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Please');
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(title(page)).toContainText(`Ticket ${name}`);
  await expect(title(page)).toContainText('ADMIN-');

  await begin(page, /^Support/);
  await page.getByRole('combobox', { name: 'Customer' }).fill(`Customer ${name}`);
  await page.getByRole('button', { name: /^New customer/ }).click();
  await page.getByLabel('Customer’s e-mail').fill(`${name.replace(' ', '')}@example.com`);
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Hello');
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(title(page)).toHaveText(`Customer ${name}`);

  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await page.getByRole('button', { name: 'Assign to me' }).click();
  await expect(messages(page).getByText('Ana Lima took this on')).toBeVisible();
  await composer(page).press('Escape');
  await page.keyboard.press('e');
  await expect(page.locator('header [data-status]')).toHaveAttribute('data-status', 'resolved');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.locator('header [data-status]')).toHaveAttribute('data-status', 'open');
  // What has happened stands apart from what was said, the newest first, and leads there.
  const details = page.getByRole('complementary', { name: 'Details' });
  await details.getByRole('button', { name: 'History' }).click();
  await expect(details.getByRole('region', { name: 'History' }).getByRole('listitem').first()).toContainText('Ana Lima set the status to Open');
  await page.keyboard.press('e');
  await expect(details.getByRole('region', { name: 'History' }).getByRole('listitem').first()).toContainText('Ana Lima set the status to Resolved');
  await details.getByRole('button', { name: /took this on/ }).click();
  await expect(messages(page).getByText('Ana Lima took this on')).toBeInViewport();
});
