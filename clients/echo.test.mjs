// The WebSocket echo frame by frame: what the Autobahn suite looks at, in short.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { run } from './server.mjs';

const ECHO = process.env.PARLOR_ECHO_BIN ?? new URL('../target/debug/examples/echo', import.meta.url).pathname;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
let echo;
before(async () => { echo = await run(ECHO, [], { ADDRESS: '127.0.0.1:0' }); });
after(() => echo.stop());

/** A frame as a client sends it. */
function frame(opcode, payload = '', { fin = true, rsv = 0, masked = true, length } = {}) {
  const data = Buffer.from(payload);
  const size = length ?? data.length;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const bit = masked ? 0x80 : 0;
  if (size < 126) head.push(bit | size);
  else if (size < 65_536) head.push(bit | 126, size >> 8, size & 255);
  else head.push(bit | 127, 0, 0, 0, 0, (size >>> 24) & 255, (size >>> 16) & 255, (size >>> 8) & 255, size & 255);
  if (!masked) return Buffer.concat([Buffer.from(head), data]);
  const mask = randomBytes(4);
  return Buffer.concat([Buffer.from(head), mask, data.map((byte, at) => byte ^ mask[at % 4])]);
}

const code = (number, reason = '') => Buffer.concat([Buffer.from([number >> 8, number & 255]), Buffer.from(reason)]);

/** A connection whose frames are read one by one. */
class Raw {
  static async open() {
    const raw = new Raw();
    const { hostname, port } = new URL(echo.url);
    raw.socket = connect(port, hostname);
    raw.buffer = Buffer.alloc(0);
    raw.ended = false;
    raw.socket.on('data', (data) => { raw.buffer = Buffer.concat([raw.buffer, data]); raw.wake?.(); });
    raw.socket.on('close', () => { raw.ended = true; raw.wake?.(); });
    raw.socket.on('error', () => {});
    raw.socket.write(`GET /ws/echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`);
    while (!raw.buffer.includes('\r\n\r\n')) await raw.more();
    assert.match(raw.buffer.toString('latin1'), /^HTTP\/1.1 101/);
    raw.buffer = raw.buffer.subarray(raw.buffer.indexOf('\r\n\r\n') + 4);
    return raw;
  }

  more() {
    return new Promise((done) => { this.wake = done; });
  }

  send(...frames) {
    this.socket.write(Buffer.concat(frames));
    return this;
  }

  async take(count) {
    while (this.buffer.length < count) {
      if (this.ended) return undefined;
      await this.more();
    }
    const taken = this.buffer.subarray(0, count);
    this.buffer = this.buffer.subarray(count);
    return taken;
  }

  /** The next frame, or `undefined` at the end. */
  async next() {
    const head = await this.take(2);
    if (!head) return undefined;
    let size = head[1] & 127;
    if (size === 126) size = (await this.take(2)).readUInt16BE();
    else if (size === 127) size = Number((await this.take(8)).readBigUInt64BE());
    return { opcode: head[0] & 15, data: await this.take(size) };
  }

  async expect(opcode, data) {
    const found = await this.next();
    assert.equal(found?.opcode, opcode);
    assert.ok(found.data.equals(Buffer.from(data)), found.data.toString());
    return this;
  }

  /** The code of the close frame, then the end. */
  async closed() {
    let last = await this.next();
    while (last && last.opcode !== CLOSE) last = await this.next();
    while (!this.ended) await this.more();
    return last && (last.data.length ? last.data.readUInt16BE() : null);
  }
}

test('texts, bytes, and every length of a length', async () => {
  const raw = await Raw.open();
  for (const size of [0, 1, 125, 126, 127, 65_535, 65_536, 3 << 20]) {
    await raw.send(frame(TEXT, 'a'.repeat(size))).expect(TEXT, 'a'.repeat(size));
    const bytes = Buffer.alloc(size, 0xfe);
    await raw.send(frame(BINARY, bytes)).expect(BINARY, bytes);
  }
});

test('parts are put together, with pings between them', async () => {
  const raw = await Raw.open();
  const text = Buffer.from('κόσμε 𝄞');
  const parts = [...text].map((byte, at) => frame(at ? 0 : TEXT, [byte], { fin: at === text.length - 1 }));
  await raw.send(...parts).expect(TEXT, text);
  raw.send(frame(TEXT, 'one', { fin: false }), frame(PING, 'now'), frame(0, 'two', { fin: true }));
  await raw.expect(PONG, 'now');
  await raw.expect(TEXT, 'onetwo');
  raw.send(frame(PONG, 'nobody asked'), frame(PING, Buffer.alloc(125, 1)));
  await raw.expect(PONG, Buffer.alloc(125, 1));
});

test('a goodbye is answered with its code', async () => {
  for (const number of [1000, 1001, 1003, 1007, 3000, 4999]) {
    const raw = await Raw.open();
    assert.equal(await raw.send(frame(CLOSE, code(number, 'ok'))).closed(), number);
  }
  const bare = await Raw.open();
  assert.ok([null, 1000].includes(await bare.send(frame(CLOSE)).closed()));
});

test('what breaks the rules ends the connection with the right code', async () => {
  const cases = {
    'a reserved bit': [[frame(TEXT, 'x', { rsv: 4 })], 1002],
    'a reserved type': [[frame(3, 'x')], 1002],
    'a reserved control type': [[frame(11, 'x')], 1002],
    'a continuation of nothing': [[frame(0, 'x')], 1002],
    'a new message within another': [[frame(TEXT, 'x', { fin: false }), frame(TEXT, 'y')], 1002],
    'a ping in parts': [[frame(PING, 'x', { fin: false })], 1002],
    'a long ping': [[frame(PING, 'x'.repeat(126))], 1002],
    'no mask': [[frame(TEXT, 'x', { masked: false })], 1002],
    'half a close code': [[frame(CLOSE, [3])], 1002],
    'a close code that nobody may send': [[frame(CLOSE, code(1005))], 1002],
    'a close reason that is no text': [[frame(CLOSE, Buffer.concat([code(1000), Buffer.from([0xce, 0xba, 0xff])]))], 1007],
    'bytes as text': [[frame(TEXT, [0xce, 0xba, 0xe1, 0xbd, 0xb9, 0xed, 0xa0, 0x80])], 1007],
    'bytes as text in parts': [[frame(TEXT, 'ok', { fin: false }), frame(0, [0xff])], 1007],
    'more than 64 MiB': [[frame(BINARY, '', { length: (64 << 20) + 1 })], 1009],
  };
  for (const [name, [frames, expected]] of Object.entries(cases)) {
    const raw = await Raw.open();
    const found = await raw.send(...frames).closed();
    assert.ok(found === expected || (name.includes('reason') && found === 1002), `${name}: ${found}`);
  }
});
