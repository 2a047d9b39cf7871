// The team chat contract as a page would use it: fetch, FormData, the `ws` library, and polling.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { eventually, Server } from './server.mjs';

let server;
before(async () => { server = await Server.start(); });
after(() => server.stop());

/** Calls a path of the contract: those do not stand under /api/v1. */
async function call(person, method, path, body) {
  const form = body instanceof FormData;
  const response = await fetch(server.url + path, {
    method,
    headers: { Authorization: `Bearer ${person.token}`, ...(body && !form && { 'Content-Type': 'application/json' }) },
    body: form || body === undefined ? body : JSON.stringify(body),
  });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.json();
}

async function connect(person, cursor) {
  const { nonce } = await call(person, 'POST', '/chat/ws-nonce', {});
  const query = new URLSearchParams({ nonce, ...(cursor && { cursor }) });
  const stream = { events: [], socket: new WebSocket(`${server.url.replace('http', 'ws')}/ws/chat?${query}`) };
  stream.cursor = await new Promise((done, failed) => {
    stream.socket.on('error', failed);
    stream.socket.on('message', (data) => {
      const frame = JSON.parse(data);
      if (frame.event === 'ready') done(frame.data.cursor);
      else stream.events.push(frame);
    });
  });
  return stream;
}

test('a thread, a file, a receipt, and no loss from the socket to polling', async () => {
  const [ana, ben] = await Promise.all([server.user('Ana'), server.user('Ben')]);
  const thread = await call(ana, 'POST', '/chat/threads', { type: 'direct', user_ids: [ben.id] });
  const stream = await connect(ben);
  const form = new FormData();
  form.set('body', 'the plan');
  form.set('file', new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])]), 'plan.png');
  const sent = await call(ana, 'POST', `/chat/threads/${thread.id}/messages`, form);
  assert.equal(sent.attachment_name, 'plan.png');
  const file = await fetch(server.url + sent.attachment_path);
  assert.equal(file.headers.get('content-type'), 'image/png');

  const arrived = () => stream.events.find(({ event }) => event === 'message.sent');
  await eventually(() => arrived());
  assert.equal(arrived().data.message.id, sent.id);
  stream.socket.terminate();
  const missed = await call(ana, 'POST', `/chat/threads/${thread.id}/messages`, { body: 'while you were away' });
  const tail = stream.cursor.slice(stream.cursor.indexOf('.'));
  const polled = await call(ben, 'GET', `/chat/events?wait=5&after=${arrived().seq}${tail}`);
  assert.deepEqual(polled.items.map(({ data }) => data.message?.id), [missed.id]);

  const hears = await connect(ana, undefined);
  await call(ben, 'GET', `/chat/threads/${thread.id}/messages`);
  await eventually(() => hears.events.some(({ event, data }) => event === 'message.read' && data.last_read_message_id === missed.id));
  hears.socket.terminate();
  const threads = await call(ben, 'GET', '/chat/threads');
  assert.equal(threads[0].unread, 0);
});
