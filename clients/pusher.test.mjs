// The public libraries of the Pusher protocol against the real server: pusher-js and Laravel Echo as clients, `pusher`
// as the application's server.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import Echo from 'laravel-echo';
import PusherServer from 'pusher';
import PusherClient from 'pusher-js';
import { io } from 'socket.io-client';
import nacl from 'tweetnacl';
import { eventually, Server } from './server.mjs';

const APP = { appId: '7', key: 'app-key-of-the-tests', secret: 'app-secret-of-the-tests' };
const MASTER = Buffer.alloc(32, 7).toString('base64');

let server;
let app;
let address;
const open = [];

before(async () => {
  server = await Server.start({ PARLOR_APP_ID: APP.appId, PARLOR_APP_KEY: APP.key, PARLOR_APP_SECRET: APP.secret, PARLOR_PRIVATE_FETCHES: 'true' });
  address = new URL(server.url);
  app = new PusherServer({ ...APP, host: address.hostname, port: address.port, useTLS: false, encryptionMasterKeyBase64: MASTER });
});
after(async () => {
  open.forEach((client) => client.disconnect());
  await server.stop();
});

const settings = (more = {}) => ({
  cluster: 'x', wsHost: address.hostname, wsPort: address.port, forceTLS: false, enabledTransports: ['ws'], disableStats: true, nacl, ...more,
});

/** A client of the application; its server signs whatever is asked, as `user`. */
function byApp(user) {
  const channelAuthorization = {
    customHandler: ({ socketId, channelName }, done) =>
      done(null, app.authorizeChannel(socketId, channelName, { user_id: user, user_info: { name: user } })),
  };
  const userAuthentication = {
    customHandler: ({ socketId }, done) => done(null, app.authenticateUser(socketId, { id: user, watchlist: ['watched'] })),
  };
  return connected(new PusherClient(APP.key, settings({ channelAuthorization, userAuthentication })));
}

/** A client that Parlor itself lets join, as a person. */
function byParlor(person, endpoint = '/pusher/auth') {
  const headers = { Authorization: `Bearer ${person.token}` };
  return connected(new PusherClient(APP.key, settings({
    channelAuthorization: { endpoint: `${server.url}${endpoint}`, headers },
    userAuthentication: { endpoint: `${server.url}${endpoint.replace('auth', 'user-auth')}`, headers },
  })));
}

async function connected(client) {
  open.push(client);
  await eventually(() => client.connection.state === 'connected', 'a connection');
  return client;
}

async function joined(channel) {
  let refused;
  channel.bind('pusher:subscription_error', (error) => { refused = error; });
  await eventually(() => channel.subscribed || refused, channel.name);
  assert.equal(refused, undefined, JSON.stringify(refused));
  return channel;
}

function heard(on, event) {
  const events = [];
  on.bind(event, (data, metadata) => events.push({ data, ...metadata }));
  return events;
}

test('what the application publishes arrives', async () => {
  const [ana, ben] = await Promise.all([byApp('ana'), byApp('ben')]);
  const news = await Promise.all([ana, ben].map((client) => joined(client.subscribe('news'))));
  const orders = await joined(ben.subscribe('private-orders'));
  const [first, second, third] = [heard(news[0], 'posted'), heard(news[1], 'posted'), heard(orders, 'posted')];
  const answer = await app.trigger(['news', 'private-orders'], 'posted', { text: 'Grüße "du"\n' }, { socket_id: ana.connection.socket_id });
  assert.equal(answer.status, 200);
  await eventually(() => second.length && third.length);
  assert.deepEqual([second[0].data, third[0].data], [{ text: 'Grüße "du"\n' }, { text: 'Grüße "du"\n' }]);
  await app.triggerBatch([1, 2, 3].map((n) => ({ channel: 'news', name: 'posted', data: { n } })));
  await eventually(() => first.length === 3 && second.length === 4);
  assert.deepEqual(first.map(({ data }) => data.n), [1, 2, 3], 'in order, and not its own');
});

test('presence, client events and questions', async () => {
  const [ana, ben] = await Promise.all([byApp('ana'), byApp('ben')]);
  const room = await joined(ana.subscribe('presence-room'));
  assert.deepEqual([room.members.count, room.members.me.id, room.members.me.info], [1, 'ana', { name: 'ana' }]);
  const added = heard(room, 'pusher:member_added');
  const other = await joined(ben.subscribe('presence-room'));
  await eventually(() => added.length);
  assert.deepEqual([added[0].data.id, room.members.count, other.members.count], ['ben', 2, 2]);
  const typing = heard(room, 'client-typing');
  assert.ok(other.trigger('client-typing', { on: true }));
  await eventually(() => typing.length);
  assert.deepEqual(typing[0], { data: { on: true }, user_id: 'ben' });
  const asked = async (path, params) => (await app.get({ path, params })).json();
  assert.deepEqual(await asked('/channels/presence-room', { info: 'user_count,subscription_count' }), { occupied: true, user_count: 2, subscription_count: 2 });
  assert.deepEqual((await asked('/channels', { filter_by_prefix: 'presence-', info: 'user_count' })).channels['presence-room'], { user_count: 2 });
  assert.deepEqual((await asked('/channels/presence-room/users')).users, [{ id: 'ana' }, { id: 'ben' }]);
  const removed = heard(room, 'pusher:member_removed');
  ben.disconnect();
  await eventually(() => removed.length);
  assert.equal(room.members.count, 1);
});

test('signed-in users are reached, watched and sent away', async () => {
  const ana = await byApp('ana');
  const online = heard(ana.user.watchlist, 'online');
  const private_ = heard(ana.user, 'note');
  ana.signin();
  await ana.user.signinDonePromise;
  await eventually(() => ana.user.serverToUserChannel?.subscribed);
  await app.sendToUser('ana', 'note', { text: 'for you' });
  await eventually(() => private_.length);
  assert.deepEqual(private_[0].data, { text: 'for you' });
  const watched = await byApp('watched');
  watched.signin();
  await eventually(() => online.some(({ data, user_ids }) => (data?.user_ids ?? user_ids)?.includes('watched')), 'the watched one');
  await app.terminateUserConnections('ana');
  await eventually(() => ana.connection.state === 'disconnected', 'the end');
});

test('cache channels and encrypted channels', async () => {
  const ana = await byApp('ana');
  // Nothing is kept yet: the first one is told so, and those who come after an event get that.
  const cache = ana.subscribe('cache-state');
  const misses = heard(cache, 'pusher:cache_miss');
  await joined(cache);
  await eventually(() => misses.length);
  await app.trigger('cache-state', 'state', { on: true });
  const ben = await byApp('ben');
  const later = ben.subscribe('cache-state');
  const [states, missed] = [heard(later, 'state'), heard(later, 'pusher:cache_miss')];
  await eventually(() => states.length);
  await app.trigger('cache-state', 'state', { on: false });
  await eventually(() => states.length === 2);
  assert.deepEqual(states.map(({ data }) => data), [{ on: true }, { on: false }]);
  assert.deepEqual([misses.length, missed.length], [1, 0]);
  const secret = await joined(ana.subscribe('private-encrypted-vault'));
  const opened = heard(secret, 'opened');
  await app.trigger('private-encrypted-vault', 'opened', { by: 'ana' });
  await eventually(() => opened.length);
  assert.deepEqual(opened[0].data, { by: 'ana' });
});

test('wrong keys and wrong signatures', async () => {
  const foreign = new PusherClient('no-such-key', settings());
  open.push(foreign);
  await eventually(() => ['failed', 'disconnected'].includes(foreign.connection.state), 'a refusal');
  const stranger = new PusherServer({ ...APP, secret: 'another-secret', host: address.hostname, port: address.port, useTLS: false });
  await assert.rejects(stranger.trigger('news', 'x', {}), (error) => error.status === 401);
  await assert.rejects(app.trigger('news', 'x', 'x'.repeat(11_000)), (error) => error.status === 413);
});

test('webhooks are signed', async () => {
  const told = [];
  const receiver = createServer((request, response) => {
    let rawBody = '';
    request.on('data', (part) => { rawBody += part; });
    request.on('end', () => {
      const hook = app.webhook({ headers: request.headers, rawBody });
      told.push({ valid: hook.isValid(), events: hook.getEvents(), at: hook.getTime() });
      response.end();
    });
  });
  await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${receiver.address().port}/`;
  server.command('app', 'set', '--options', JSON.stringify({ webhooks: [{ url, events: ['channel_occupied'] }] }));
  await eventually(async () => {
    const ana = await byApp('ana');
    await joined(ana.subscribe(`hooked-${Date.now()}`));
    await new Promise((done) => setTimeout(done, 500));
    ana.disconnect();
    return told.length > 0;
  }, 'a webhook');
  server.command('app', 'set', '--options', '{}');
  assert.ok(told[0].valid);
  assert.equal(told[0].events[0].name, 'channel_occupied');
  receiver.close();
});

test("Parlor's own channels with pusher-js", async () => {
  const [ana, ben, eve] = await Promise.all(['Ana', 'Ben', 'Eve'].map((name) => server.user(name)));
  const group = await ana.group('Kitchen', [ben]);
  const client = await byParlor(ben);
  const channel = await joined(client.subscribe(`private-conversation-${group.id}`));
  const own = await joined(client.subscribe(`private-user-${ben.id}`));
  const [posts, all] = [heard(channel, 'message.posted'), heard(own, 'message.posted')];
  await ana.say(group, 'hello');
  await eventually(() => posts.length && all.length);
  assert.equal(posts[0].data.data.message.body, 'hello');
  assert.equal(all[0].data.conversation_id, group.id);
  const inbox = await joined(client.subscribe('presence-inbox'));
  assert.equal(inbox.members.me.info.name, 'Ben');
  const outsider = await byParlor(eve);
  const errors = heard(outsider.subscribe(`private-conversation-${group.id}`), 'pusher:subscription_error');
  await eventually(() => errors.length);
  assert.equal(errors[0].data.status, 403);
  client.signin();
  await client.user.signinDonePromise;
  assert.equal(client.user.user_data.id, ben.id);
});

test('Laravel Echo', async () => {
  const [ana, ben] = await Promise.all([server.user('Ana'), server.user('Ben')]);
  const group = await ana.group('Garden', [ben]);
  const echo = (person) => {
    const made = new Echo({
      broadcaster: 'pusher', key: APP.key, Pusher: PusherClient, ...settings(),
      authEndpoint: `${server.url}/broadcasting/auth`, auth: { headers: { Authorization: `Bearer ${person.token}` } }, namespace: false,
    });
    open.push(made);
    return made;
  };
  const [first, second] = [echo(ana), echo(ben)];
  const [posts, whispers, here] = [[], [], []];
  second.private(`conversation-${group.id}`).listen('.message.posted', (event) => posts.push(event));
  second.join(`conversation-${group.id}`).here((members) => here.push(...members)).listenForWhisper('typing', (it) => whispers.push(it));
  const viewers = first.join(`conversation-${group.id}`);
  await eventually(() => here.length && viewers.subscription.subscribed && viewers.subscription.members.count === 2);
  await eventually(() => second.private(`conversation-${group.id}`).subscription.subscribed);
  viewers.whisper('typing', { name: 'Ana' });
  await ana.say(group, 'over Echo');
  await eventually(() => posts.length && whispers.length);
  assert.equal(posts[0].data.message.body, 'over Echo');
  assert.deepEqual(whispers[0], { name: 'Ana' });
});

test("Laravel Echo with broadcaster: 'socket.io'", async () => {
  const admin = await server.user('Administrator', { roles: ['admin'] });
  await admin.call('PUT', '/app', { options: { client_auth: ['private-orders', 'presence-team'] } });
  const [ana, ben, eve] = await Promise.all([server.user('Ana'), server.user('Ben'), server.user('Eve')]);
  const group = await ana.group('Cellar', [ben]);
  const echo = (person) => {
    const auth = { headers: { Authorization: `Bearer ${person.token}` } };
    const made = new Echo({ broadcaster: 'socket.io', client: io, host: server.url, auth, namespace: false, forceNew: true, transports: ['websocket'] });
    open.push(made);
    return made;
  };
  const [first, second, other] = [echo(ana), echo(ben), echo(eve)];
  const [posts, orders, news, here, joined, left, whispers, errors] = [[], [], [], [], [], [], [], []];
  second.private(`conversation-${group.id}`).listen('.message.posted', (event) => posts.push(event));
  second.private('orders').listen('.paid', (data) => orders.push(data));
  second.channel('news').listen('.posted', (data) => news.push(data));
  second.join('team').here((members) => here.push(...members)).joining((member) => joined.push(member)).leaving((member) => left.push(member))
    .listenForWhisper('wave', (data) => whispers.push(data));
  // The library shows refusals of this broadcaster nowhere else.
  other.connector.socket.on('subscription_error', (channel, status) => errors.push(status));
  other.private(`conversation-${group.id}`);
  await eventually(() => here.length && errors.length, 'who is here, and the refusal');
  assert.deepEqual([here[0].name, errors[0]], ['Ben', 403]);
  const team = first.join('team');
  await eventually(() => joined.length, 'who joins');
  assert.equal(joined[0].name, 'Ana');
  team.whisper('wave', { to: 'Ben' });
  await ana.say(group, 'over Socket.IO');
  await app.trigger(['private-orders', 'news'], 'paid', { order: 7 });
  await app.trigger('news', 'posted', { n: 1 });
  await eventually(() => posts.length && orders.length && news.length && whispers.length, 'everything');
  assert.equal(posts[0].data.message.body, 'over Socket.IO');
  assert.deepEqual([orders[0], news[0], whispers[0]], [{ order: 7 }, { n: 1 }, { to: 'Ben' }]);
  first.disconnect();
  await eventually(() => left.length, 'who leaves');
  second.leave('news');
  await app.trigger('news', 'posted', { n: 2 });
  await ana.say(group, 'again');
  await eventually(() => posts.length === 2);
  assert.equal(news.length, 1, 'the channel was left');
});

test('a restart of the server is a reconnection', async () => {
  const ana = await byApp('ana');
  const news = await joined(ana.subscribe('news'));
  const posted = heard(news, 'posted');
  const before = ana.connection.socket_id;
  await server.restart();
  // Told to come back at once the library tries at once, and where nothing listens yet only 15 seconds later.
  const back = () => ana.connection.state === 'connected' && ana.connection.socket_id !== before;
  await eventually(back, 'the reconnection').catch(() => eventually(back, 'the reconnection'));
  await eventually(() => news.subscribed);
  await app.trigger('news', 'posted', { n: 1 });
  await eventually(() => posted.length);
});
