import { apiOf, browserOf, colleagues, composer, expect, messages, openChat, rowOf, send, test, unique, workOf, world } from './fixtures';

test('what one sends the other sees at once, and the sender learns that it was read', async ({ browser }) => {
  const { direct } = world();
  const [ana, ben] = [await browserOf(browser, 'ana'), await browserOf(browser, 'ben')];
  await openChat(ana, direct);
  await openChat(ben, direct);
  const text = unique('Lunch at noon?');
  await expect(messages(ben)).toBeVisible();
  const work = await workOf(ben, text, async () => {
    await composer(ana).fill(text);
    await composer(ana).press('Enter');
    await expect(messages(ben).getByText(text)).toBeVisible();
  });
  // It is shown from the one frame that brings it, without a question to the server.
  expect(work.frames).toBe(1);
  expect(work.asked.filter((one) => /messages/.test(one))).toEqual([]);
  await expect(ana.locator('[data-receipt]').last()).toHaveAttribute('data-receipt', 'read');
  await ana.locator('[data-receipt]').last().click();
  await expect(ana.getByRole('dialog', { name: 'Read by' }).getByText('Ben Roth')).toBeVisible();
});

test('unread and mention badges appear elsewhere, the title counts, opening shows New and reading clears', async ({ browser }) => {
  const { channel, direct } = world();
  const ben = await browserOf(browser, 'ben');
  await openChat(ben, channel);
  await expect(rowOf(ben, channel).locator('.count')).toHaveCount(0, { timeout: 4000 });
  await openChat(ben, direct);
  const ana = await apiOf('ana');
  const text = unique('Please look');
  await ana.say(channel, `@[Ben Roth] ${text}`);
  await expect(rowOf(ben, channel).locator('.count-mention')).toContainText('@1');
  await expect(ben).toHaveTitle(/^\(\d+\) /);
  await openChat(ben, channel);
  await expect(ben.locator('[data-new-divider]')).toBeVisible();
  await expect(messages(ben).locator('.mention-me').last()).toHaveText('@Ben Roth');
  await expect(rowOf(ben, channel).locator('.count')).toHaveCount(0, { timeout: 4000 });
  await expect(ben.locator('[data-new-divider]')).toBeVisible();
});

for (const long of [3, 14, 40, 120]) {
  test(`a conversation of ${long} messages opens at the first unread, and again at its end`, async ({ browser }) => {
    const [ana, ben] = [await apiOf('ana'), await apiOf('ben')];
    const { id } = await ana.open({ kind: 'group', title: unique(`long ${long}`), user_ids: [world().people.ben.id] });
    for (let n = 1; n <= long; n++) await ana.say(id, n % 4 ? `Line ${n} of ${long}` : `Line ${n} of ${long}\n\n- is\n- much\n- higher`);
    await ben.call('POST', `/conversations/${id}/read`, {});
    for (const n of [1, 2]) await ana.say(id, `Unread ${n} of ${long}`);
    const page = await browserOf(browser, 'ben', { reducedMotion: long > 14 ? 'reduce' : null });
    await openChat(page, id);
    await expect(page.locator('[data-new-divider]')).toBeInViewport();
    await expect(messages(page).getByText(`Unread 2 of ${long}`)).toBeInViewport();
    await expect(messages(page).getByText(`Line ${long} of ${long}`)).toBeVisible();
    await openChat(page, world().channel);
    await openChat(page, id);
    await expect(messages(page).getByText(`Unread 2 of ${long}`)).toBeInViewport();
    await page.reload();
    await expect(messages(page).getByText(`Unread 2 of ${long}`)).toBeInViewport();
    await expect.poll(() => messages(page).evaluate((box) => Math.round(box.scrollHeight - box.scrollTop - box.clientHeight))).toBe(0);
    await expect(rowOf(page, id).locator('.count')).toHaveCount(0);
    // What is written takes room from above, and covers nothing.
    await composer(page).fill('1\n2\n3\n4\n5\n6\n7');
    await expect(messages(page).getByText(`Unread 2 of ${long}`)).toBeInViewport();
    await composer(page).fill('');
    // Upwards, page by page, to the very first.
    await expect(async () => {
      await messages(page).evaluate((box) => box.scrollTo(0, 0));
      await expect(messages(page).getByText(`Line 1 of ${long}`, { exact: true })).toBeInViewport({ timeout: 300 });
    }).toPass();
    // Where one was reading is where one comes back to.
    await openChat(page, world().channel);
    await openChat(page, id);
    await expect(messages(page).getByText(`Line 1 of ${long}`, { exact: true })).toBeInViewport();
  });
}

test('edit with arrow up, react, reply, reply in a thread, delete with undo', async ({ browser }) => {
  const { channel } = world();
  const [ana, ben] = [await browserOf(browser, 'ana'), await browserOf(browser, 'ben')];
  await openChat(ana, channel);
  await openChat(ben, channel);
  const text = unique('Frist draft');
  await send(ana, text);
  await composer(ana).press('ArrowUp');
  await expect(ana.getByText('Editing your message')).toBeVisible();
  const better = text.replace('Frist', 'First');
  await composer(ana).fill(better);
  await composer(ana).press('Enter');
  await expect(messages(ben).getByText(better)).toBeVisible();

  const row = messages(ben).locator('[role=listitem]', { hasText: better }).first();
  await row.hover();
  await row.getByRole('button', { name: '👍' }).first().click();
  await expect(messages(ana).getByRole('button', { name: /👍: 1 person/ })).toBeVisible();
  await row.getByRole('button', { name: 'Reply in thread' }).click();
  const panel = ben.getByRole('complementary', { name: 'Thread' });
  await panel.getByRole('textbox').fill('In the thread');
  await panel.getByRole('textbox').press('Enter');
  await expect(panel.getByText('In the thread')).toBeVisible();
  await expect(messages(ana).getByRole('button', { name: '1 reply' })).toBeVisible();

  await composer(ana).press('Escape');
  await ana.keyboard.press('k');
  await ana.keyboard.press('r');
  await expect(ana.getByText('Replying to')).toBeVisible();
  const reply = unique('Answer');
  await send(ana, reply);

  const mine = messages(ana).locator('[role=listitem]', { hasText: reply }).last();
  await mine.hover();
  await mine.getByRole('button', { name: 'More actions' }).click();
  await ana.getByRole('menuitem', { name: 'Delete message' }).click();
  await expect(messages(ana).getByText(reply)).toHaveCount(0);
  await ana.getByRole('button', { name: 'Undo' }).click();
  await expect(messages(ana).getByText(reply)).toBeVisible();
});

test('marking unread from a message and muting agree in two tabs', async ({ browser }) => {
  const { channel } = world();
  const ben = await apiOf('ben');
  const { seq } = await ben.say(channel, unique('For later'));
  const ana = await browserOf(browser, 'ana');
  const other = await ana.context().newPage();
  await other.goto(`${world().url}/app/`);
  await openChat(ana, channel);
  await expect(rowOf(other, channel).locator('.count')).toHaveCount(0, { timeout: 4000 });
  const row = messages(ana).locator(`[data-seq="${seq}"]`);
  await row.hover();
  await row.getByRole('button', { name: 'More actions' }).click();
  await ana.getByRole('menuitem', { name: /Mark unread/ }).click();
  await expect(rowOf(other, channel).locator('.count')).toContainText('1');
  await composer(ana).press('Escape');
  await ana.keyboard.press('m');
  await expect(rowOf(other, channel).getByLabel('Muted')).toBeVisible();
  await ana.keyboard.press('m');
  await expect(rowOf(other, channel).getByLabel('Muted')).toHaveCount(0);
});

test('an announcement is acknowledged and its author sees the totals', async ({ browser }) => {
  const { announcement } = world();
  const [ana, ben] = [await browserOf(browser, 'ana'), await browserOf(browser, 'ben')];
  await rowOf(ben, announcement).click();
  await expect(ben.locator('[data-why]')).toContainText('Replies are switched off');
  await ben.getByRole('button', { name: 'Acknowledge' }).click();
  await expect(ben.getByText(/You acknowledged this/)).toBeVisible();
  await rowOf(ana, announcement).click();
  await expect(ana.getByText(`1 of ${await colleagues('ana')} acknowledged`)).toBeVisible();
});

test('private notes look different and keep their own draft', async ({ browser }) => {
  const { support } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, support);
  await composer(ana).fill('To the customer');
  await ana.getByRole('radio', { name: 'Private note' }).click();
  await expect(composer(ana)).toHaveValue('');
  const note = unique('Between us');
  await composer(ana).fill(note);
  await ana.getByRole('button', { name: 'Add note' }).click();
  await expect(messages(ana).locator('[role=listitem]', { hasText: note }).getByText('Private note')).toBeVisible();
  await ana.getByRole('radio', { name: 'Reply' }).click();
  await expect(composer(ana)).toHaveValue('To the customer');
});

test('the quote of a note stays with notes: an answer for everybody has none', async ({ browser }) => {
  const { support } = world();
  const ana = await browserOf(browser, 'ana');
  const note = unique('The margin is high');
  await (await apiOf('ana')).say(support, note, { is_private_note: true });
  await openChat(ana, support);
  const row = messages(ana).locator('[role=listitem]', { hasText: note });
  await row.hover();
  await row.getByRole('button', { name: 'Reply', exact: true }).click();
  await expect(ana.getByRole('radio', { name: 'Private note' })).toBeChecked();
  await expect(ana.getByText('Replying to')).toBeVisible();
  await ana.getByRole('radio', { name: 'Reply' }).click();
  await expect(ana.getByText('Replying to')).toHaveCount(0);
  const answer = unique('We can give you 20 %');
  await composer(ana).fill(answer);
  await composer(ana).press('Enter');
  const sent = messages(ana).locator('[role=listitem]', { hasText: answer });
  await expect(sent).toBeVisible();
  await expect(sent.getByText(note)).toHaveCount(0);
  await expect(sent.getByText('Private note')).toHaveCount(0);
});

test('a draft survives switching and reloading', async ({ browser }) => {
  const { channel, direct } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, channel);
  const text = unique('Half a thought');
  await composer(ana).fill(text);
  await openChat(ana, direct);
  await expect(composer(ana)).toHaveValue('');
  await expect(rowOf(ana, channel).getByLabel('Draft')).toBeVisible();
  await ana.reload();
  await openChat(ana, channel);
  await expect(composer(ana)).toHaveValue(text);
  await composer(ana).fill('');
});

test('search finds a message and jumps to it', async ({ browser }) => {
  const { channel } = world();
  const ben = await apiOf('ben');
  const word = `needle${Date.now().toString(36)}`;
  await ben.say(channel, `The ${word} in the haystack`);
  for (let n = 0; n < 60; n++) await ben.say(channel, `hay ${n}`);
  const ana = await browserOf(browser, 'ana');
  await ana.locator('nav').getByRole('button', { name: 'Search' }).click();
  await ana.getByRole('searchbox', { name: 'Search messages' }).fill(word);
  await expect(ana.locator('mark')).toHaveText(word);
  await ana.locator('main a', { hasText: word }).click();
  await expect(messages(ana).getByText(word)).toBeInViewport();
});

test('bodies with scripts are inert', async ({ browser }) => {
  const { direct } = world();
  const [api, ana] = [await apiOf('ben'), await browserOf(browser, 'ana')];
  const bodies = [
    '<script>window.__xss = 1</script>', '<img src=x onerror="window.__xss = 2">', '[click](javascript:window.__xss=3)', '<svg/onload=window.__xss=4>',
    '<a href="javascript:window.__xss=5">five</a>', '<iframe srcdoc="<script>parent.__xss=6</script>"></iframe>', '@[<img src=x onerror=window.__xss=7>]',
  ];
  // Each with a word of its own, so that it is known to be on the screen before it is judged.
  const marks = bodies.map((_, n) => unique(`hostile ${n}`));
  for (const [n, body] of bodies.entries()) await api.say(direct, `${body}\n\n${marks[n]}`);
  await openChat(ana, direct);
  for (const mark of marks) await expect(messages(ana).getByText(mark)).toBeAttached();
  const text = unique('<img src=x onerror="window.__xss = 8">');
  await composer(ana).fill(text);
  await composer(ana).press('Enter');
  await expect(messages(ana).getByText('window.__xss = 8')).toBeVisible();
  for (const mark of marks) await expect(messages(ana).getByText(mark)).toBeAttached();
  expect(await ana.evaluate(() => (window as { __xss?: number }).__xss)).toBeUndefined();
  expect(await messages(ana).locator('script, iframe, [onerror], [onload], a[href^="javascript"]').count()).toBe(0);
});
