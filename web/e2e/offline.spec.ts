import { apiOf, browserOf, composer, expect, messages, openChat, send, test, unique, world } from './fixtures';

test('offline: a banner, the message waits, survives a reload and is sent once', async ({ browser }) => {
  const { direct } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, direct);
  await send(ana, unique('before'));
  const context = ana.context();
  await context.setOffline(true);
  const [one, two] = [unique('first while offline'), unique('second while offline')];
  await send(ana, one);
  await send(ana, two);
  await expect(ana.getByText('You are offline')).toBeVisible({ timeout: 10_000 });
  await expect(ana.getByText('2 messages waiting')).toBeVisible();
  await expect(messages(ana).getByText('Waiting for the connection').first()).toBeVisible();

  // The page itself can be loaded again, but nothing reaches the API.
  await context.route('**/api/**', (route) => route.abort());
  await context.setOffline(false);
  await ana.reload();
  await expect(messages(ana).getByText(two)).toBeVisible();
  await expect(ana.getByText('You are offline')).toBeVisible({ timeout: 10_000 });

  await context.unroute('**/api/**');
  await ana.evaluate(() => dispatchEvent(new Event('online'))); // as the browser does, whatever the client has begun by itself
  await expect(ana.getByText('Back online')).toBeVisible({ timeout: 10_000 });
  await expect(messages(ana).getByText('Waiting for the connection')).toHaveCount(0);
  const ben = await apiOf('ben');
  await expect.poll(async () => {
    const { items } = await ben.call<{ items: { body: string }[] }>('GET', `/conversations/${direct}/messages?limit=20`);
    return items.map((message) => message.body).filter((body) => body === one || body === two);
  }).toEqual([one, two]);
});

test('where no WebSocket passes, events still come', async ({ browser }) => {
  const { direct } = world();
  const ana = await browserOf(browser, 'ana');
  await ana.routeWebSocket(/\/api\/v1\/ws/, (socket) => socket.close({ code: 1011 }));
  await ana.reload();
  await openChat(ana, direct);
  const ben = await apiOf('ben');
  const text = unique('by another way');
  await ben.say(direct, text);
  await expect(messages(ana).getByText(text)).toBeVisible({ timeout: 15_000 });
  await expect(ana.getByText('You are offline')).toHaveCount(0, { timeout: 10_000 });
});

test('a refused message can be sent again or thrown away', async ({ browser }) => {
  const { direct } = world();
  const ana = await browserOf(browser, 'ana');
  await openChat(ana, direct);
  const refused = { status: 422, contentType: 'application/problem+json', body: JSON.stringify({ status: 422, code: 'invalid', detail: 'body is refused' }) };
  await ana.route('**/messages', (route) => (route.request().method() === 'POST' ? route.fulfill(refused) : route.continue()));
  const text = unique('not today');
  await composer(ana).fill(text);
  await composer(ana).press('Enter');
  const row = messages(ana).locator('[role=listitem]', { hasText: text });
  await expect(row.getByRole('alert')).toContainText('Not sent');
  await ana.unroute('**/messages');
  await row.getByRole('button', { name: 'Retry' }).click();
  await expect(row.getByRole('alert')).toHaveCount(0);
  await expect(row.locator('[data-receipt]')).toBeVisible();
});
