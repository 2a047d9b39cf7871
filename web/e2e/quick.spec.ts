// The quick messenger on pages of a host application: two people, two browsers, nothing reloaded.
import { apiOf, expect, stored, test, unique, workOf, world } from './fixtures';
import { picture } from './picture';
import { badge, composer, directOf, hostPage, launcher, openPanel, panel, readAll, ready, row, say, thread, toasts, told } from './quickhost';

test('a message: badge, toast, order of the list, open thread, read', async ({ browser }) => {
  test.setTimeout(60_000);
  await readAll('ben');
  const direct = await directOf('ana', 'ben');
  await (await apiOf('ana')).say(world().channel, unique('something newer'));
  await readAll('ben');
  const ben = await hostPage(browser, 'ben');
  const ana = await hostPage(browser, 'ana');
  await ready(ben);
  await expect(badge(ben)).toHaveCount(0);
  await openPanel(ana);
  await row(ana, direct).click();

  const first = unique('first from Ana');
  await say(ana, first);
  await expect(badge(ben)).toHaveText('1');
  await expect(toasts(ben)).toContainText(first);
  await expect.poll(() => told(ben, 'unread')).toContainEqual({ unread: 1, mentions: 0 });
  await openPanel(ben);
  await expect(panel(ben).locator('[data-conversation]').first()).toHaveAttribute('data-conversation', direct);
  await expect(row(ben, direct)).toContainText('1 unread message');

  await toasts(ben).getByRole('button', { name: /Ana Lima/ }).click();
  await expect(thread(ben).getByText(first)).toBeVisible();
  await expect(thread(ben).locator('[data-new-divider]')).toBeVisible();
  await expect(thread(ana).locator('[data-seq]', { hasText: first }).locator('[data-receipt=read]')).toContainText('Read', { timeout: 10_000 });
  await ben.keyboard.press('Escape');
  await expect(row(ben, direct)).not.toContainText('unread');
  const fetched = ben.waitForResponse((response) => response.url().includes('/messages')); // where one stays, once
  await row(ben, direct).click();
  await fetched;

  // What comes is shown from the one frame that brings it, without a question to the server.
  for (let round = 0; round < 3; round++) {
    const text = unique('how fast');
    const work = await workOf(ben, text, () => say(ana, text).then(() => expect(thread(ben).getByText(text)).toBeVisible()));
    expect(work.frames).toBe(1);
    expect(work.asked.filter((one) => /messages/.test(one))).toEqual([]);
  }
  await expect(toasts(ben)).not.toContainText('how fast');
});

test('a first message from somebody new announces itself', async ({ browser }) => {
  await readAll('chloe');
  const chloe = await hostPage(browser, 'chloe');
  await ready(chloe);
  const text = unique('we have not talked yet');
  const api = await apiOf('ana');
  await api.open({ kind: 'group', title: unique('new group'), user_ids: [world().people.chloe.id], message: { body: text } });
  await expect(toasts(chloe)).toContainText(text);
  await expect(badge(chloe)).toHaveText('1');
});

test('muted: silent, but counted', async ({ browser }) => {
  const direct = await directOf('ana', 'ben');
  await readAll('ben');
  const ben = await hostPage(browser, 'ben');
  await openPanel(ben);
  await row(ben, direct).click();
  await panel(ben).getByRole('button', { name: 'Mute', exact: true }).click();
  await expect(panel(ben).getByRole('button', { name: 'Unmute' })).toBeVisible();
  await panel(ben).getByRole('button', { name: 'Close messages' }).click();
  const text = unique('quietly');
  await (await apiOf('ana')).say(direct, text);
  await expect(badge(ben)).toHaveText('1');
  await expect(toasts(ben)).not.toContainText(text);
  await launcher(ben).click();
  await panel(ben).getByRole('button', { name: 'Unmute' }).click();
  await expect(panel(ben).getByRole('button', { name: 'Mute', exact: true })).toBeVisible();
});

test('a notification of the browser, where it is wanted, allowed, and the window is not looked at', async ({ browser }) => {
  const direct = await directOf('ana', 'chloe');
  const chloe = await hostPage(browser, 'chloe', { query: { without: '1' } });
  await chloe.addInitScript(() => {
    const shown: string[] = [];
    class Notice {
      static permission = 'granted';
      static requestPermission = async () => 'granted';
      onclick: (() => void) | null = null;
      constructor(title: string, { body }: { body: string }) {
        shown.push(`${title}: ${body}`);
        Object.assign(window, { lastNotice: this });
      }
      close() {}
    }
    Object.assign(window, { Notification: Notice, shown });
    document.hasFocus = () => false;
  });
  await chloe.goto(chloe.url().replace('without=1', 'with=1'));
  await openPanel(chloe);
  await panel(chloe).getByRole('button', { name: 'Settings' }).click();
  await panel(chloe).getByRole('switch', { name: 'Browser notifications' }).click();
  await expect(panel(chloe).getByRole('switch', { name: 'Browser notifications' })).toHaveAttribute('aria-checked', 'true');
  await panel(chloe).getByRole('button', { name: 'Close messages' }).click();
  const text = unique('are you there');
  await (await apiOf('ana')).say(direct, text);
  await expect.poll(() => chloe.evaluate(() => (window as never as { shown: string[] }).shown)).toEqual([`Ana Lima: ${text}`]);
  await chloe.evaluate(() => (window as never as { lastNotice: { onclick: () => void } }).lastNotice.onclick());
  await expect(thread(chloe).getByText(text)).toBeVisible();
});

test('"Discuss" puts a draft and a card; sent once, the card stays with the message', async ({ browser }) => {
  const direct = await directOf('ana', 'chloe');
  await (await apiOf('ana')).call('DELETE', `/conversations/${direct}/draft?mode=reply`).catch(() => {});
  await ready(await hostPage(browser, 'chloe')); // now the host's id of Chloé is known
  const ana = await hostPage(browser, 'ana', { query: { to: 'pg-chloe' } });
  await ready(ana);
  await ana.locator('[data-discuss="C-1042"]').click();
  await expect(panel(ana).locator('[data-related]')).toContainText('Gasthof zur Linde');
  await expect(composer(ana)).toHaveValue('About Gasthof zur Linde: ');
  await composer(ana).pressSequentially('the chairs?');
  const text = await composer(ana).inputValue();
  await composer(ana).press('Enter');
  const sent = thread(ana).locator('[data-related]').last();
  await expect(sent.getByRole('link')).toHaveAttribute('href', /^http.*\/playground\/\?customer=C-1042$/);
  expect((await stored('chloe', direct, text.trim())).map((one) => one.related?.id)).toEqual(['C-1042']);
  await expect(panel(ana).locator('[data-related]')).toHaveCount(await thread(ana).locator('[data-related]').count());

  // Somebody unknown: the draft is kept, and one chooses.
  await ana.evaluate(() => window.parlor!.quick('compose', { to: ['nobody-7'], text: 'kept text' }));
  await expect(panel(ana).getByRole('status').first()).toContainText('nobody-7');
  await expect(panel(ana).getByRole('textbox', { name: 'Message' })).toHaveValue('kept text');
});

test('a new conversation with several people, by keys alone', async ({ browser }) => {
  const ana = await hostPage(browser, 'ana');
  await ready(ana);
  await launcher(ana).focus();
  await ana.keyboard.press('Enter');
  await expect(panel(ana).getByRole('searchbox')).toBeFocused();
  await ana.keyboard.press('ArrowDown');
  await expect(panel(ana).locator('[data-conversation]').first()).toBeFocused();
  await panel(ana).getByRole('button', { name: 'New conversation' }).focus();
  await ana.keyboard.press('Enter');
  const to = panel(ana).getByRole('combobox', { name: 'To' });
  await to.focus();
  for (const name of ['Ben Roth', 'Chloé Martin']) {
    await ana.keyboard.type(name.split(' ')[0]!);
    await expect(panel(ana).getByRole('option', { name })).toBeVisible();
    await ana.keyboard.press('Enter');
  }
  const title = unique('Shelves');
  await panel(ana).getByLabel('Name (optional)').fill(title);
  const text = unique('hello both');
  await panel(ana).getByRole('textbox', { name: 'Message' }).fill(text);
  await ana.keyboard.press('Enter');
  await expect(thread(ana).getByText(text)).toBeVisible();
  await expect(panel(ana).getByRole('heading', { level: 2 })).toHaveText(title);
  await ana.keyboard.press('Escape');
  await ana.keyboard.press('Escape');
  await expect(panel(ana)).toHaveCount(0);
  await expect(launcher(ana)).toBeFocused();
});

test('offline: a banner, and what was written is sent once', async ({ browser }) => {
  const direct = await directOf('ana', 'ben');
  const ana = await hostPage(browser, 'ana');
  await openPanel(ana);
  await row(ana, direct).click();
  await expect(composer(ana)).toBeVisible();
  await ana.context().setOffline(true);
  const text = unique('from a tunnel');
  await say(ana, text);
  await expect(panel(ana).getByText('You are offline')).toBeVisible({ timeout: 10_000 });
  await ana.context().setOffline(false);
  await expect(panel(ana).getByText('Back online')).toBeVisible({ timeout: 15_000 });
  expect(await stored('ben', direct, text)).toHaveLength(1);
});

test('a token that ends is asked for again; signing out takes everything away', async ({ browser }) => {
  const direct = await directOf('ana', 'ben');
  // The server allows clocks 30 s of difference: this token serves for 3 s.
  const ben = await hostPage(browser, 'ben', { query: { ttl: '-27' } });
  await openPanel(ben);
  await row(ben, direct).click();
  const tokens = () => ben.evaluate(() => (window as never as { host: { tokens: number } }).host.tokens);
  const before = await tokens();
  await expect.poll(tokens, { timeout: 15_000 }).toBeGreaterThan(before);
  const text = unique('after the end');
  await (await apiOf('ana')).say(direct, text);
  await expect(thread(ben).getByText(text)).toBeVisible({ timeout: 15_000 });
  await ben.evaluate(() => window.parlor!.quick('shutdown'));
  await expect(ben.locator('parlor-quick')).toHaveCount(0);
});

test('it stays when the application changes its page, and there is one of it', async ({ browser }) => {
  const ana = await hostPage(browser, 'ana');
  await openPanel(ana);
  await ana.getByRole('link', { name: 'Orders' }).click();
  await expect(ana.getByRole('heading', { level: 1 })).toHaveText('Orders');
  await expect(panel(ana)).toBeVisible();
  await ana.evaluate(() => document.querySelector('parlor-quick')!.remove());
  await expect(panel(ana)).toBeVisible();
  await ana.evaluate(() => {
    const again = document.createElement('script');
    again.src = '/embed/quick.js';
    return new Promise((resolve) => {
      again.onload = resolve;
      document.head.append(again);
    });
  });
  await expect(ana.locator('parlor-quick')).toHaveCount(1);
});

test('from another origin, by token; also where no WebSocket passes', async ({ browser }) => {
  test.setTimeout(60_000);
  const { url } = world();
  const site = url.replace('127.0.0.1', 'localhost');
  const direct = await directOf('ana', 'ben');
  const ben = await hostPage(browser, 'ben', { site, query: { server: url } });
  await openPanel(ben);
  await row(ben, direct).click();
  await say(ben, unique('across origins'));

  for (const blocked of [['ws'], ['ws', 'events/stream']]) {
    const poor = await hostPage(browser, 'ben', { site, path: '/playground/', query: { server: url, without: '1' } });
    await poor.routeWebSocket(/\/api\/v1\/ws/, (socket) => socket.close({ code: 1011 }));
    if (blocked.length > 1) await poor.route('**/api/v1/events/stream*', (route) => route.abort());
    await poor.goto(poor.url().replace('without=1', 'with=1'));
    await openPanel(poor);
    await row(poor, direct).click();
    await panel(poor).getByRole('button', { name: 'Back' }).click();
    await panel(poor).getByRole('button', { name: 'Settings' }).click();
    await expect(panel(poor)).toContainText(blocked.length > 1 ? 'Live connection (polling)' : 'Live connection (stream)', { timeout: 20_000 });
    const text = unique(`without ${blocked.join(' and ')}`);
    await (await apiOf('ana')).say(direct, text);
    await expect(toasts(poor)).toContainText(text);
    await poor.context().close();
  }
});

test('the whole inbox in a frame: signed in by the page, counting to it, in its theme', async ({ browser }) => {
  test.setTimeout(60_000);
  const { url } = world();
  const site = url.replace('127.0.0.1', 'localhost');
  await readAll('ben');
  const ben = await hostPage(browser, 'ben', { site, path: '/playground/inbox.html', query: { server: url, button: 'off' } });
  const frame = ben.frameLocator('parlor-inbox iframe');
  await expect(frame.locator('[data-conversation]').first()).toBeVisible({ timeout: 10_000 });
  await expect(ben.locator('#unread')).toHaveText('0 unread');
  await (await apiOf('ana')).say(await directOf('ana', 'ben'), unique('into the frame'));
  await expect(ben.locator('#unread')).toHaveText('1 unread');
  await ben.getByRole('button', { name: 'Light or dark' }).click();
  await expect(frame.locator('html')).toHaveAttribute('data-theme', 'dark');
  await frame.getByRole('button', { name: 'Profile and settings' }).first().click();
  await expect(frame.getByText('Live connection')).toBeVisible();
  await expect(frame.getByRole('button', { name: 'Sign out' })).toHaveCount(0);
  expect((await ben.context().cookies()).filter((cookie) => cookie.name === 'parlor_session')).toEqual([]);
});

test('pictures without a cookie: of people at their own address, of messages at links that are renewed', async ({ browser }) => {
  test.setTimeout(60_000);
  const { url, people } = world();
  const site = url.replace('127.0.0.1', 'localhost');
  const [ana, direct] = [await apiOf('ana'), await directOf('ana', 'ben')];
  await ana.call('PUT', '/me/avatar', new Blob([new Uint8Array(picture(300, 200))]));
  const { id } = await ana.upload('wall.png', picture(400, 200));
  await ana.say(direct, 'the wall', { attachment_ids: [id] });
  const ben = await hostPage(browser, 'ben', { site, query: { server: url } });
  await openPanel(ben);
  await row(ben, direct).click();
  const face = panel(ben).locator('[data-messages] .avatar img').last();
  await expect.poll(() => face.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(256);

  const inbox = await hostPage(browser, 'ben', { site, query: { server: url }, path: '/playground/' });
  const asked: string[] = [];
  let refused = 0;
  // The first link is over when the page uses it: it asks for another one.
  await inbox.context().route(/\/files\/[^/]+\?expires=/, (route) => {
    asked.push(route.request().url());
    return refused++ === 0 ? route.fulfill({ status: 403, body: '' }) : route.continue();
  });
  await inbox.goto(`${site}/playground/inbox.html?${new URLSearchParams({ sub: 'pg-ben', email: people.ben.email, server: url, button: 'off' })}`);
  const frame = inbox.frameLocator('parlor-inbox iframe');
  await frame.locator(`[data-conversation="${direct}"]`).click();
  const shown = frame.getByRole('img', { name: 'wall.png' });
  await expect.poll(() => shown.evaluate((image: HTMLImageElement) => image.naturalWidth), { timeout: 10_000 }).toBe(400);
  expect(asked.length).toBe(2);
  expect(await frame.locator('html').evaluate((page) => page.innerHTML.includes('access_token'))).toBe(false);
  expect(await shown.getAttribute('src')).toContain('signature=');
  await expect.poll(() => frame.locator('#messages .avatar img').last().evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(256);
  await ana.call('DELETE', '/me/avatar');
  await expect(frame.locator('#messages .avatar img')).toHaveCount(0);
  await expect(face).toHaveCount(0);
});
