// Files before their message: limits, cancelling, trying again, and what a reload keeps.
import { expect, it } from 'vitest';
import { ApiError, Client, type Attachment } from '../src/core/api';
import { MemoryStore } from '../src/core/store/keyValueStore';
import { Emitter } from '../src/core/store/emitter';
import { Uploads } from '../src/core/sync/uploads';

const stored = (name: string): Attachment => ({ id: name, name, content_type: 'text/plain', size: 3 });
const file = (name: string, size = 3) => Object.defineProperty(new File(['abc'], name, { type: 'text/plain' }), 'size', { value: size });
const later = () => new Promise((resolve) => setTimeout(resolve, 0));

it('refuses what is too large or too many, and sends the rest', async () => {
  const uploads = new Uploads(new Client(), new MemoryStore(), new Emitter(), async (one) => stored(one.name));
  uploads.add('c:reply', [file('big', 5_000_000), ...Array.from({ length: 10 }, (_, n) => file(`f${n}`))], 1);
  await later();
  expect(uploads.of('c:reply').map((one) => one.error?.code ?? one.state)).toEqual(['file_too_large', ...Array(9).fill('done'), 'too_many_files']);
});

it('tries again what the network cut off, not what was refused', async () => {
  let fails = new ApiError({ status: 0, code: 'offline', detail: '' });
  let tries = 0;
  const send = async (one: File) => {
    tries += 1;
    if (tries < 3) throw fails;
    return stored(one.name);
  };
  const uploads = new Uploads(new Client(), new MemoryStore(), new Emitter(), send);
  uploads.add('c:reply', [file('a')], 1);
  await later();
  expect(uploads.of('c:reply')[0]!.state).toBe('failed');
  fails = new ApiError({ status: 422, code: 'invalid', detail: '' });
  uploads.connected();
  await later();
  uploads.connected();
  await later();
  expect([tries, uploads.of('c:reply')[0]!.state]).toEqual([2, 'failed']);
});

it('keeps what has arrived over a reload, apart for each conversation and mode, until it is sent', async () => {
  const keyValues = new MemoryStore();
  const send = async (one: File) => stored(one.name);
  const first = new Uploads(new Client(), keyValues, new Emitter(), send);
  first.add('c:reply', [file('a')], 1);
  first.add('c:note', [file('b')], 1);
  await later();
  const second = new Uploads(new Client(), keyValues, new Emitter(), send);
  await second.load();
  expect(second.of('c:reply').map((one) => one.name)).toEqual(['a']);
  expect(second.take('c:reply').map((one) => one.id)).toEqual(['a']);
  await later();
  const third = new Uploads(new Client(), keyValues, new Emitter(), send);
  await third.load();
  expect([third.of('c:reply').length, third.of('c:note').length]).toEqual([0, 1]);
});
