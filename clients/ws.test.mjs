// The native WebSocket with the plain `ws` library: messages arrive, and a connection that was cut misses nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { eventually, Server } from './server.mjs';

let server;
before(async () => { server = await Server.start(); });
after(() => server.stop());

/** A connection that remembers its events and its cursor. */
class Stream {
  static async open(person, cursor) {
    const stream = new Stream();
    stream.events = [];
    const query = new URLSearchParams({ access_token: person.token, ...(cursor && { cursor }) });
    stream.socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/ws?${query}`);
    const ready = new Promise((done) => {
      stream.socket.on('message', (data) => {
        const frame = JSON.parse(data);
        if (frame.type === 'ready') done(frame);
        if (frame.type === 'event') stream.events.push(frame.event);
      });
    });
    await once(stream.socket, 'open');
    const { cursor: from, reset } = await ready;
    Object.assign(stream, { from, reset });
    return stream;
  }

  get cursor() {
    const tail = this.from.slice(this.from.indexOf('.'));
    return this.events.length ? `${this.events.at(-1).seq}${tail}` : this.from;
  }

  bodies() {
    return this.events.filter(({ type }) => type === 'message.posted').map(({ data }) => data.message.body);
  }
}

test('a message reaches the other one, and a cut connection resumes', async () => {
  const [ana, ben] = await Promise.all([server.user('Ana'), server.user('Ben')]);
  const group = await ana.group('Kitchen', [ben]);
  const first = await Stream.open(ben);
  assert.equal(first.reset, false);
  await ana.say(group, 'one');
  await eventually(() => first.bodies().length === 1);
  assert.deepEqual(first.bodies(), ['one']);

  first.socket.terminate();
  await ana.say(group, 'two');
  await ana.say(group, 'three');
  const second = await Stream.open(ben, first.cursor);
  assert.equal(second.reset, false);
  await ana.say(group, 'four');
  await eventually(() => second.bodies().includes('four'));
  assert.deepEqual(second.bodies(), ['two', 'three', 'four']);
  second.socket.close();
});

test('a restart of the server is a reconnection', async () => {
  const [ana, ben] = await Promise.all([server.user('Ana'), server.user('Ben')]);
  const group = await ana.group('Garden', [ben]);
  const stream = await Stream.open(ben);
  const closed = once(stream.socket, 'close');
  await server.restart();
  assert.equal((await closed)[0], 4200);
  await ana.say(group, 'after the restart');
  const again = await Stream.open(ben, stream.cursor);
  assert.equal(again.reset, false);
  await eventually(() => again.bodies().length === 1);
  assert.deepEqual(again.bodies(), ['after the restart']);
  again.socket.close();
});

test('without a token nobody connects', async () => {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/ws`);
  const [error] = await once(socket, 'error');
  assert.match(error.message, /401/);
});
