// The parts of the inbox that open over others, in both themes: no accessibility violation.
import { accessible } from './axe';
import { browserOf, composer, expect, messages, openChat, rowOf, test, world } from './fixtures';
import { picture } from './picture';

for (const colorScheme of ['light', 'dark'] as const) {
  test(`what opens over the inbox is accessible, ${colorScheme}`, async ({ browser }) => {
    test.setTimeout(180_000);
    const { support, channel, direct } = world();
    const page = await browserOf(browser, 'ana', { colorScheme });
    await openChat(page, support);
    await composer(page).fill('/');
    await expect(page.getByRole('option', { name: /\/assign/ })).toBeVisible();
    await accessible(page, 'commands');
    await composer(page).fill('');
    await page.locator('input[type=file]').setInputFiles([
      { name: 'wall.png', mimeType: 'image/png', buffer: picture(300, 200) }, { name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from('a;b') },
    ]);
    await expect(page.locator('[data-upload=done]')).toHaveCount(2);
    await accessible(page, 'uploads');
    await composer(page).press('Enter');
    await expect(messages(page).getByRole('button', { name: 'Open wall.png' }).last()).toBeVisible();
    await accessible(page, 'files in a thread');
    await messages(page).getByRole('button', { name: 'Open wall.png' }).last().click();
    await accessible(page, 'a large picture');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Conversation actions' }).click();
    await accessible(page, 'conversation menu', true);
    await page.keyboard.press('Escape');
    await messages(page).focus();
    for (const [key, name] of [['a', 'Assign'], ['s', 'Snooze'], ['l', 'Labels'], ['t', 'Ticket']] as const) {
      await page.keyboard.press(key);
      await expect(page.getByRole('dialog', { name })).toBeVisible();
      await accessible(page, name);
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toHaveCount(0);
      await messages(page).focus();
    }
    await page.keyboard.press('i');
    const details = page.getByRole('complementary', { name: 'Details' });
    await details.getByRole('button', { name: 'Files' }).click();
    await expect(details.getByText('list.csv').first()).toBeVisible();
    await accessible(page, 'details of support');
    await openChat(page, direct);
    await accessible(page, 'details of a direct conversation');
    await messages(page).focus();
    await page.keyboard.press('i');

    await composer(page).fill('Half a sentence');
    await openChat(page, channel);
    await composer(page).press('Escape');
    await page.keyboard.press('d');
    await expect(page.getByRole('heading', { level: 1, name: 'Drafts' })).toBeVisible();
    await accessible(page, 'drafts');
    await rowOf(page, channel).focus();
    await page.keyboard.press('x');
    await expect(page.locator('[data-bulk]')).toBeVisible();
    await accessible(page, 'several at once');
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.getByRole('searchbox', { name: 'Search messages' }).fill('wall has:file before:never');
    await expect(page.getByRole('alert')).toBeVisible();
    await accessible(page, 'search with operators');
    await openChat(page, direct);
    await composer(page).fill('');
  });
}
