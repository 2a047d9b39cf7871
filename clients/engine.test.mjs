// Engine.IO and Socket.IO as raw requests and frames against the echo example: what the protocol's own suites look at.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { run } from './server.mjs';

const ECHO = process.env.PARLOR_ECHO_BIN ?? new URL('../target/debug/examples/echo', import.meta.url).pathname;
const INTERVAL = 600;
const TIMEOUT = 400;
let echo;
before(async () => {
  const env = { ADDRESS: '127.0.0.1:0', PING_INTERVAL: INTERVAL, PING_TIMEOUT: TIMEOUT, MAX_PAYLOAD: 100_000, UPGRADE_TIMEOUT: 300, CONNECT_TIMEOUT: 2500 };
  echo = await run(ECHO, [], env);
});
after(() => echo.stop());

const polling = (sid, more = '') => `${echo.url}/socket.io/?EIO=4&transport=polling${sid ? `&sid=${sid}` : ''}${more}`;
const websocket = (sid) => `${echo.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket${sid ? `&sid=${sid}` : ''}`;
const post = (sid, body) => fetch(polling(sid), { method: 'POST', body });
const read = async (sid) => (await fetch(polling(sid))).text();
const pause = (time) => new Promise((done) => setTimeout(done, time));

async function session() {
  const text = await (await fetch(polling())).text();
  return JSON.parse(text.slice(1)).sid;
}

/** A WebSocket whose messages wait in a queue. */
async function socket(sid) {
  const found = new WebSocket(websocket(sid));
  const queue = [];
  const waiting = [];
  found.on('message', (data, binary) => {
    const message = binary ? data : data.toString();
    if (waiting.length) waiting.shift()(message); else queue.push(message);
  });
  found.next = () => (queue.length ? Promise.resolve(queue.shift()) : new Promise((done) => waiting.push(done)));
  await once(found, 'open');
  return found;
}

async function connected() {
  const found = await socket();
  assert.match(await found.next(), /^0/);
  found.send('40');
  assert.match(await found.next(), /^40\{"sid":"[^"]{20}"\}$/);
  assert.equal(await found.next(), '42["auth",{}]');
  return found;
}

async function refusal(url, options, code, status = 400) {
  const response = await fetch(url, options);
  assert.equal(response.status, status, url);
  assert.equal((await response.json()).code, code, url);
}

test('a session opens', async () => {
  const response = await fetch(polling());
  assert.equal(response.headers.get('content-type'), 'text/plain; charset=UTF-8');
  const open = JSON.parse((await response.text()).slice(1));
  assert.equal(open.sid.length, 20);
  assert.deepEqual({ ...open, sid: '' }, { sid: '', upgrades: ['websocket'], pingInterval: INTERVAL, pingTimeout: TIMEOUT, maxPayload: 100_000 });
  const ws = await socket();
  assert.deepEqual(JSON.parse((await ws.next()).slice(1)).upgrades, []);
  ws.close();
});

test('wrong requests are refused by number', async () => {
  const base = `${echo.url}/socket.io/`;
  await refusal(`${base}?EIO=4&transport=abc`, {}, 0);
  await refusal(`${base}?EIO=4`, {}, 0);
  await refusal(polling('nobody'), {}, 1);
  await refusal(polling('nobody'), { method: 'POST', body: '40' }, 1);
  await refusal(polling(), { method: 'POST' }, 2);
  await refusal(polling(), { method: 'PUT' }, 2);
  await refusal(polling(await session()), { method: 'DELETE' }, 3);
  await refusal(`${base}?EIO=4&transport=websocket`, {}, 3);
  await refusal(`${base}?transport=polling`, {}, 5);
  await refusal(`${base}?EIO=3&transport=polling`, {}, 5);
  const ws = await socket();
  const { sid } = JSON.parse((await ws.next()).slice(1));
  await refusal(polling(sid), {}, 3);
  await refusal(polling(sid), { method: 'POST', body: '40' }, 3);
  ws.close();
  for (const url of [websocket('nobody'), websocket().replace('EIO=4', 'EIO=3')]) {
    const [error] = await once(new WebSocket(url), 'error');
    assert.match(error.message, /400/);
  }
});

test('pages of other origins may read when they are allowed to', async () => {
  const response = await fetch(polling(), { headers: { Origin: 'https://host.example' } });
  assert.equal(response.headers.get('access-control-allow-origin'), 'https://host.example');
  assert.equal(response.headers.get('access-control-allow-credentials'), 'true');
  const asked = await fetch(polling(), { method: 'OPTIONS', headers: { Origin: 'https://host.example' } });
  assert.equal(asked.status, 204);
  assert.match(asked.headers.get('access-control-allow-methods'), /POST/);
});

test('the first ping comes after the interval, on both transports', async () => {
  const sid = await session();
  const begun = Date.now();
  for (let turn = 0; turn < 3; turn += 1) {
    assert.equal(await read(sid), '2');
    assert.ok(Date.now() - begun >= INTERVAL * (turn + 1) - 20);
    assert.equal(await (await post(sid, '3')).text(), 'ok');
  }
  const ws = await socket();
  await ws.next();
  const opened = Date.now();
  assert.equal(await ws.next(), '2');
  assert.ok(Date.now() - opened >= INTERVAL - 20);
  ws.close();
});

test('who does not answer is gone', async () => {
  const sid = await session();
  await pause(INTERVAL + TIMEOUT);
  await refusal(polling(sid), {}, 1);
  const ws = await socket();
  await once(ws, 'close');
});

test('polling: messages, bytes, and goodbye', async () => {
  const sid = await session();
  assert.equal(await (await post(sid, '40{"token":"123"}')).text(), 'ok');
  let told = await read(sid);
  if (!told.includes('auth')) told += `\x1e${await read(sid)}`;
  assert.match(told, /^40\{"sid":"[^"]*"\}\x1e42\["auth",\{"token":"123"\}\]$/);
  await post(sid, '42["message","a\u2028é"]\x1e451-7["message-with-ack",{"_placeholder":true,"num":0}]\x1ebAQIDBA==');
  told = await read(sid);
  while (told.split('\x1e').length < 3) told += `\x1e${await read(sid)}`;
  assert.equal(told, '42["message-back","a\u2028é"]\x1e461-7[{"_placeholder":true,"num":0}]\x1ebAQIDBA==');
  const [last, closed] = await Promise.all([read(sid), pause(50).then(() => post(sid, '1'))]);
  assert.equal(last, '6');
  assert.equal(await closed.text(), 'ok');
  await refusal(polling(sid), {}, 1);
});

test('two polls at once, two posts at once, a poll given up: the session is closed', async () => {
  let sid = await session();
  const [first, second] = await Promise.all([fetch(polling(sid)), pause(50).then(() => fetch(polling(sid)))]);
  assert.equal(await first.text(), '1');
  assert.equal(second.status, 400);
  await refusal(polling(sid), {}, 1);

  sid = await session();
  const slow = new ReadableStream({ start: (to) => { to.enqueue(new TextEncoder().encode('3')); setTimeout(() => to.close(), 200); } });
  const statuses = await Promise.all([
    fetch(polling(sid), { method: 'POST', body: slow, duplex: 'half' }),
    pause(80).then(() => post(sid, '3')),
  ]);
  assert.equal(statuses[1].status, 400);
  await refusal(polling(sid), {}, 1);

  sid = await session();
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 50);
  await assert.rejects(fetch(polling(sid), { signal: abort.signal }));
  await pause(50);
  await refusal(polling(sid), {}, 1);
});

test('hostile bodies', async () => {
  for (const body of ['', 'abc', '4abc', '0{}', '2', '40\x1e', new Uint8Array([0x34, 0xff, 0xfe]), '4b', 'b!!!']) {
    const sid = await session();
    assert.equal((await post(sid, body)).status, 400, String(body));
    await refusal(polling(sid), {}, 1);
  }
  const sid = await session();
  assert.equal((await post(sid, `4${'x'.repeat(200_000)}`)).status, 413);
  const ws = await connected();
  ws.send('x'.repeat(200_000));
  await once(ws, 'close');
});

test('frames that no client sends close the connection', async () => {
  const wrong = [
    '4abc', '42{}', '42[]', '42["disconnect"]', '42abc["message-with-ack",1]', '43["x"]', '4', '7', '2', '42/custom,["message"]',
    '41{}', '44{}', '40', '4511-["message"]', '4510000-["message"]', '451-["message",{"_placeholder":true,"num":3}]', Buffer.from([1]),
  ];
  for (const frame of wrong) {
    const ws = await connected();
    ws.send(frame);
    await once(ws, 'close');
  }
  const between = await connected();
  between.send('451-["message",{"_placeholder":true,"num":0}]');
  between.send('42["message"]');
  await once(between, 'close');
  const early = await socket();
  early.send('42["message"]');
  await once(early, 'close');
});

test('nobody stays without joining a namespace', async () => {
  const ws = await socket();
  const begun = Date.now();
  ws.on('message', (data) => data.toString() === '2' && ws.send('3'));
  await once(ws, 'close');
  assert.ok(Date.now() - begun > 2400);
});

test('namespaces', async () => {
  const ws = await connected();
  ws.send('40/custom?x=1,{"token":"abc"}');
  assert.match(await ws.next(), /^40\/custom,\{"sid":"[^"]+"\}$/);
  assert.equal(await ws.next(), '42/custom,["auth",{"token":"abc"}]');
  ws.send('42/custom,13["message-with-ack",1,"2",{"3":[true]}]');
  assert.equal(await ws.next(), '43/custom,13[1,"2",{"3":[true]}]');
  ws.send('41/custom');
  ws.send('42["message","still here"]');
  assert.equal(await ws.next(), '42["message-back","still here"]');
  ws.send('40/random');
  assert.equal(await ws.next(), '44/random,{"message":"Invalid namespace"}');
  for (let n = 0; n < 10_000; n += 1) ws.send(`40/n${n}`);
  for (let n = 0; n < 10_000; n += 1) {
    let frame = await ws.next();
    while (frame === '2') { ws.send('3'); frame = await ws.next(); }
    assert.equal(frame, `44/n${n},{"message":"Invalid namespace"}`);
  }
  ws.close();
});

test('bytes over WebSocket', async () => {
  const ws = await connected();
  ws.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
  ws.send(Buffer.from([1, 2, 3]));
  ws.send(Buffer.from([4, 5, 6]));
  assert.equal(await ws.next(), '452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
  assert.deepEqual([...await ws.next()], [1, 2, 3]);
  assert.deepEqual([...await ws.next()], [4, 5, 6]);
  ws.close();
});

test('the change of transport loses and reorders nothing', async () => {
  const sid = await session();
  await post(sid, '40');
  const told = [];
  const take = (text) => told.push(...text.split('\x1e').filter((packet) => packet.startsWith('42["message-back"')));
  take(await read(sid));
  const held = read(sid);
  const ws = await socket(sid);
  ws.send('2probe');
  assert.equal(await ws.next(), '3probe');
  take(await held);
  await post(sid, Array.from({ length: 20 }, (_, n) => `42["message",${n}]`).join('\x1e'));
  ws.send('5');
  ws.send('42["message",20]');
  while (told.length < 21) take(await ws.next());
  assert.deepEqual(told, Array.from({ length: 21 }, (_, n) => `42["message-back",${n}]`));
  await refusal(polling(sid), {}, 3);
  await once(new WebSocket(websocket(sid)), 'close');
  ws.send('42["message","still here"]');
  assert.equal(await ws.next(), '42["message-back","still here"]');
  ws.close();
});

test('a change of transport that is not finished leaves polling as it was', async () => {
  const sid = await session();
  await post(sid, '40');
  let told = await read(sid);
  if (!told.includes('auth')) told = await read(sid);
  const ws = await socket(sid);
  ws.send('2probe');
  assert.equal(await ws.next(), '3probe');
  assert.equal(await read(sid), '6', 'a poll that is open meanwhile is ended');
  await once(ws, 'close');
  await post(sid, '42["message","by polling"]');
  assert.equal(await read(sid), '42["message-back","by polling"]');
  const wrong = await socket(sid);
  wrong.send('4hello');
  await once(wrong, 'close');
  await post(sid, '42["message","still"]');
  assert.equal(await read(sid), '42["message-back","still"]');
});

test('a finished change may hurry', async () => {
  const sid = await session();
  const ws = await socket(sid);
  ws.send('2probe');
  ws.send('5');
  assert.equal((await fetch(polling(sid))).status, 400);
  ws.close();
});

test('Engine.IO alone', async () => {
  const url = `${echo.url}/engine.io/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1));
  await fetch(`${url}&sid=${sid}`, { method: 'POST', body: '4hello\x1ebAQIDBA==' });
  let told = await (await fetch(`${url}&sid=${sid}`)).text();
  if (!told.includes('\x1e')) told += `\x1e${await (await fetch(`${url}&sid=${sid}`)).text()}`;
  assert.equal(told, '4hello\x1ebAQIDBA==');
});

test('the plain echo', async () => {
  const ws = new WebSocket(`${echo.url.replace('http', 'ws')}/ws/echo`);
  await once(ws, 'open');
  ws.send('héllo');
  assert.equal((await once(ws, 'message'))[0].toString(), 'héllo');
  const large = Buffer.alloc(20 << 20, 7);
  ws.send(large.subarray(0, 5), { fin: false });
  ws.send(large.subarray(5), { fin: true });
  const [data, binary] = await once(ws, 'message');
  assert.ok(binary && data.equals(large));
  ws.close(3001, 'enough');
  assert.equal((await once(ws, 'close'))[0], 3001);
});
