// socket.io-client against Parlor and against the echo example, over each way it can connect.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { eventually, run, Server, token } from './server.mjs';

const ECHO = process.env.PARLOR_ECHO_BIN ?? new URL('../target/debug/examples/echo', import.meta.url).pathname;
const WAYS = { 'polling only': ['polling'], 'WebSocket only': ['websocket'], upgrade: ['polling', 'websocket'] };
let server;
let echo;
const open = new Set();
before(async () => {
  server = await Server.start({ PARLOR_ERP_ENABLED: 'true' });
  echo = await run(ECHO, [], { ADDRESS: '127.0.0.1:0', PING_INTERVAL: 2000, PING_TIMEOUT: 20000, CONNECT_TIMEOUT: 30000 });
});
after(async () => {
  open.forEach((socket) => socket.close());
  await Promise.all([server.stop(), echo.stop()]);
});

function client(url, options) {
  const socket = io(url, { forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200, ...options });
  open.add(socket);
  return socket;
}

async function connected(person, options) {
  const socket = client(server.url, { auth: { token: person.token }, ...options });
  socket.events = [];
  socket.onAny((name, ...args) => socket.events.push([name, ...args]));
  await once(socket, 'connect');
  return socket;
}

const bodies = (socket) => socket.events.filter(([name]) => name === 'message.posted').map(([, event]) => event.data.message.body);
const upgraded = (socket) => eventually(() => socket.io.engine.transport.name === 'websocket', 'the upgrade');

for (const [name, transports] of Object.entries(WAYS)) {
  test(`${name}: events, acknowledgements, order`, async () => {
    const [ana, ben] = await Promise.all([server.user('Ana'), server.user('Ben')]);
    const group = await ana.group(name, [ben]);
    const socket = await connected(ben, { transports });
    for (let n = 0; n < 10; n += 1) await ana.say(group, String(n));
    const said = await socket.timeout(5000).emitWithAck('message', { conversation_id: group.id, body: 'ten', client_id: name });
    assert.equal(said.ok, true);
    assert.equal(said.data.body, 'ten');
    await eventually(() => bodies(socket).length === 11);
    assert.deepEqual(bodies(socket), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'ten']);
    const read = await socket.emitWithAck('read', { conversation_id: group.id });
    assert.deepEqual([read.ok, read.data.unread], [true, 0]);
    const wrong = await socket.emitWithAck('message', { conversation_id: 'nowhere', body: 'x' });
    assert.deepEqual([wrong.ok, wrong.error.code], [false, 'invalid']);
    if (transports.length === 2) await upgraded(socket);
    socket.close();
  });

  test(`${name}: bytes and namespaces on the echo`, async () => {
    const main = client(echo.url, { transports, auth: { token: 'main' } });
    main.connect();
    assert.deepEqual(await once(main, 'auth'), [{ token: 'main' }]);
    const custom = client(`${echo.url}/custom`, { transports, auth: { token: 'custom' } });
    assert.deepEqual(await once(custom, 'auth'), [{ token: 'custom' }]);
    const bytes = Buffer.from([1, 2, 3, 255]);
    const back = once(main, 'message-back');
    main.emit('message', 1, 'two', { three: [bytes, { four: bytes.subarray(1) }] }, 'é\u2028');
    assert.deepEqual(await back, [1, 'two', { three: [bytes, { four: bytes.subarray(1) }] }, 'é\u2028']);
    const large = Buffer.alloc(600_000, 5);
    const acked = await custom.emitWithAck('message-with-ack', large);
    assert.ok(large.equals(acked));
    if (transports.length === 2) await upgraded(main);
    const again = once(main, 'message-back');
    main.emit('message');
    assert.deepEqual(await again, []);
    const unknown = client(`${echo.url}/unknown`, { transports });
    const [error] = await once(unknown, 'connect_error');
    assert.equal(error.message, 'Invalid namespace');
    [main, custom, unknown].forEach((socket) => socket.close());
  });

  test(`${name}: a cut connection is recovered`, async () => {
    const [ana, ben] = await Promise.all([server.user('Ana'), server.user('Ben')]);
    const group = await ana.group(`${name} cut`, [ben]);
    const socket = await connected(ben, { transports });
    if (transports.length === 2) await upgraded(socket);
    assert.equal(socket.recovered, false);
    for (let turn = 0; turn < 3; turn += 1) {
      const { id } = socket;
      await ana.say(group, `${turn} before`);
      await eventually(() => bodies(socket).length === turn * 3 + 1);
      const [lost, back] = [once(socket, 'disconnect'), once(socket, 'connect')];
      socket.io.engine.close();
      await lost;
      await ana.say(group, `${turn} meanwhile`);
      await back;
      assert.equal(socket.recovered, true);
      assert.equal(socket.id, id);
      await ana.say(group, `${turn} after`);
      await eventually(() => bodies(socket).length === turn * 3 + 3);
    }
    assert.deepEqual(bodies(socket), [0, 1, 2].flatMap((turn) => [`${turn} before`, `${turn} meanwhile`, `${turn} after`]));
    socket.close();
  });
}

test('whoever is refused is told why', async () => {
  const socket = client(server.url, { auth: { token: token({ sub: 'x', exp: 1 }) } });
  const [error] = await once(socket, 'connect_error');
  assert.equal(error.data.code, 'unauthorized');
  assert.match(error.message, /expired/);
  socket.close();
});

test('the end of a token is final, a restart is not', async () => {
  // It serves for ten seconds: until 30 seconds after its end, because clocks differ.
  const short = Math.floor(Date.now() / 1000) - 20;
  const ana = await server.user('Ana', { exp: short });
  const socket = client(server.url, { auth: { token: ana.token } });
  const ended = once(socket, 'disconnect');
  await once(socket, 'connect');
  const [reason] = await ended;
  assert.equal(reason, 'io server disconnect');

  const [cleo, ben] = await Promise.all([server.user('Cleo'), server.user('Ben')]);
  const group = await cleo.group('restart', [ben]);
  const sockets = await Promise.all(Object.values(WAYS).map((transports) => connected(ben, { transports })));
  await cleo.say(group, 'before');
  await eventually(() => sockets.every((each) => bodies(each).length === 1));
  const gone = sockets.map((each) => once(each, 'disconnect'));
  const back = sockets.map((each) => once(each, 'connect'));
  await server.restart();
  for (const [why] of await Promise.all(gone)) assert.match(why, /^transport (close|error)$/);
  await cleo.say(group, 'after');
  await Promise.all(back);
  await eventually(() => sockets.every((each) => bodies(each).length === 2), 'both messages');
  for (const each of sockets) {
    assert.equal(each.recovered, true);
    assert.deepEqual(bodies(each), ['before', 'after']);
    each.close();
  }
});

test('while the transport changes, messages of both sides keep their order', async () => {
  const [ana, ben] = await Promise.all([server.user('Ana'), server.user('Ben')]);
  const group = await ana.group('busy', [ben]);
  const socket = await connected(ben, {});
  const there = Array.from({ length: 25 }, (_, n) => socket.emitWithAck('message', { conversation_id: group.id, body: `b${n}` }));
  for (let n = 0; n < 25; n += 1) await ana.say(group, `a${n}`);
  const answers = await Promise.all(there);
  assert.ok(answers.every(({ ok }) => ok), JSON.stringify(answers.find(({ ok }) => !ok)));
  await eventually(() => bodies(socket).length === 50);
  const of = (letter) => bodies(socket).filter((body) => body.startsWith(letter));
  assert.deepEqual(of('a'), Array.from({ length: 25 }, (_, n) => `a${n}`));
  assert.deepEqual(of('b'), Array.from({ length: 25 }, (_, n) => `b${n}`));
  await upgraded(socket);
  socket.close();
});

test('the ERP contract at its own address', async () => {
  const [julie, karim] = await Promise.all([server.user('Julie'), server.user('Karim')]);
  const there = (person, transports) => {
    const socket = client(server.url, { path: '/api/tenants/default/messaging/socket', auth: { token: person.token }, transports });
    socket.news = [];
    socket.onAny((...event) => socket.news.push(event));
    return once(socket, 'connect').then(() => socket);
  };
  const heard = (socket, name) => eventually(() => socket.news.find(([event]) => event === name), name);
  for (const transports of Object.values(WAYS)) {
    const [julies, karims] = await Promise.all([there(julie, transports), there(karim, transports)]);
    assert.equal((await julies.emitWithAck('messaging:join', { userId: julie.id })).ok, true);
    assert.equal((await julies.emitWithAck('messaging:join', { userId: karim.id })).error.code, 'forbidden');
    const sent = await julies.emitWithAck('messaging:send', { toUserId: karim.id, content: 'P-7?', related: { type: 'product', id: 'P-7' } });
    assert.equal(sent.ok, true);
    const [, told, ...more] = await heard(karims, 'messaging:new');
    assert.deepEqual([told.message.id, told.message.content, told.message.relatedEntityId, more], [sent.data.id, 'P-7?', 'P-7', []]);
    assert.equal((await karims.emitWithAck('messaging:read', { messageId: told.message.id })).ok, true);
    const [, receipt] = await heard(julies, 'messaging:read');
    assert.equal(receipt.messageId, told.message.id);
    assert.ok(Date.parse(receipt.readAt));
    assert.equal((await karims.emitWithAck('presence:ping', {})).ok, true);
    [julies, karims].forEach((socket) => socket.close());
  }
  const [error] = await once(client(server.url, { path: '/api/tenants/other/messaging/socket', auth: { token: julie.token } }), 'connect_error');
  assert.equal(error.data.code, 'not_found');
});
