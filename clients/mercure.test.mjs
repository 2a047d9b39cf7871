// The Mercure hub with the `eventsource` library, as pages and servers of host applications use it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { EventSource } from 'eventsource';
import { eventually, Server, token } from './server.mjs';

const HUB_SECRET = 'the secret of the hub in these tests';
const publisher = token({ mercure: { publish: ['*'] } }, HUB_SECRET);

let server;
before(async () => {
  server = await Server.start({ MERCURE_JWT_SECRET: HUB_SECRET, PARLOR_MERCURE_ANONYMOUS: 'true', PARLOR_MERCURE_SUBSCRIPTIONS: 'true' });
});
after(() => server.stop());

const hub = (query = '') => `${server.url}/.well-known/mercure${query}`;

async function publish(fields) {
  const body = new URLSearchParams(fields);
  const response = await fetch(hub(), { method: 'POST', headers: { Authorization: `Bearer ${publisher}` }, body });
  assert.equal(response.status, 200);
  return response.text();
}

/** A subscription that remembers what it got. `headers` are sent as a server would. */
async function subscribe(topics, { headers = {}, query = {} } = {}) {
  const url = hub(`?${new URLSearchParams([...topics.map((topic) => ['topic', topic]), ...Object.entries(query)])}`);
  const source = new EventSource(url, { fetch: (at, init) => fetch(at, { ...init, headers: { ...init.headers, ...headers } }) });
  source.got = [];
  source.onmessage = ({ data, lastEventId }) => source.got.push({ data, id: lastEventId });
  await once(source, 'open');
  return source;
}

const texts = (source) => source.got.map(({ data }) => data);

test('public and private updates', async () => {
  const granted = token({ mercure: { subscribe: ['https://shop.example/orders/{id}'] } }, HUB_SECRET);
  const anonymous = await subscribe(['https://shop.example/orders/{id}']);
  const byHeader = await subscribe(['https://shop.example/orders/{id}'], { headers: { Authorization: `Bearer ${granted}` } });
  const byQuery = await subscribe(['https://shop.example/orders/1'], { query: { authorization: granted } });
  const id = await publish({ topic: 'https://shop.example/orders/1', data: 'paid\nand sent', private: 'on' });
  await publish({ topic: 'https://shop.example/orders/1', data: 'public' });
  for (const source of [byHeader, byQuery]) {
    await eventually(() => source.got.length === 2, 'both updates');
    assert.deepEqual(source.got[0], { data: 'paid\nand sent', id });
    source.close();
  }
  await eventually(() => anonymous.got.length === 1, 'the public one');
  assert.deepEqual(texts(anonymous), ['public']);
  anonymous.close();
});

test('types, and a token that is refused', async () => {
  const source = await subscribe(['typed']);
  const typed = once(source, 'price');
  await publish({ topic: 'typed', type: 'price', data: '12' });
  assert.equal((await typed)[0].data, '12');
  source.close();
  const refused = new EventSource(hub('?topic=a&authorization=junk'));
  const [error] = await once(refused, 'error');
  assert.equal(error.code, 401);
  assert.equal(refused.readyState, EventSource.CLOSED);
});

test('a restart of the server loses and repeats nothing', async () => {
  const source = await subscribe(['restarted', 'other/{n}']);
  for (let n = 0; n < 5; n += 1) await publish({ topic: 'restarted', data: `before ${n}` });
  await eventually(() => source.got.length === 5, 'the first five');
  await server.restart();
  for (let n = 0; n < 5; n += 1) await publish({ topic: 'restarted', data: `after ${n}` });
  await eventually(() => source.got.length === 10, 'all ten');
  const wanted = ['before', 'after'].flatMap((word) => [0, 1, 2, 3, 4].map((n) => `${word} ${n}`));
  assert.deepEqual(texts(source), wanted);
  source.close();
});

test('one\'s own inbox with the token that Parlor gives', async () => {
  const [ana, ben] = await Promise.all([server.user('Ana'), server.user('Ben')]);
  const group = await ana.group('Kitchen', [ben]);
  const granted = await ben.call('GET', '/mercure');
  await ana.say(group, 'while Ben was on the way');
  const query = { authorization: granted.token, lastEventID: granted.last_event_id };
  const inbox = await subscribe([granted.topics.inbox], { query });
  const told = await subscribe([granted.topics.notifications], { query });
  const conversation = await subscribe([granted.topics.conversation.replace('{id}', group.id)], { query });
  await ana.say(group, 'hello');
  const bodies = (source) => texts(source).map(JSON.parse).filter(({ type }) => type === 'message.posted')
    .map(({ data }) => data.message.body);
  for (const source of [inbox, told, conversation]) {
    await eventually(() => bodies(source).length === 2, 'both messages');
    assert.deepEqual(bodies(source), ['while Ben was on the way', 'hello']);
    source.close();
  }
});

test('who subscribes is told and listed', async () => {
  const watcher = token({ mercure: { subscribe: ['*'] } }, HUB_SECRET);
  const headers = { Authorization: `Bearer ${watcher}` };
  const events = await subscribe(['/.well-known/mercure/subscriptions/{topic}/{subscriber}'], { headers });
  const source = await subscribe(['watched'], { headers: { Authorization: `Bearer ${token({ mercure: { payload: { name: 'Ana' } } }, HUB_SECRET)}` } });
  const of = () => texts(events).map(JSON.parse).filter(({ topic }) => topic === 'watched');
  await eventually(() => of().length === 1, 'the beginning');
  assert.deepEqual({ active: of()[0].active, payload: of()[0].payload }, { active: true, payload: { name: 'Ana' } });
  const list = await (await fetch(hub('/subscriptions/watched'), { headers })).json();
  assert.equal(list.subscriptions.length, 1);
  source.close();
  await eventually(() => of().length === 2, 'the end');
  assert.equal(of()[1].active, false);
  events.close();
});
