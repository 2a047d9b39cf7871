import { beforeEach, expect, test, vi } from 'vitest';
import { ApiError, type Message } from '../src/core/api';
import { MemoryStore, openKeyValueStore, type KeyValueStore } from '../src/core/store/keyValueStore';
import { Outbox, type Sendable } from '../src/core/sync/outbox';
import { Emitter } from '../src/core/store/emitter';
import type { Topic } from '../src/core/store/topics';
import { message } from './helpers';

const offline = () => new ApiError({ status: 0, code: 'offline', detail: '' });
let keyValues: KeyValueStore;
let wire: { body: string; client_id: string }[];
let fail: (body: string) => ApiError | null;

const send = async (_conversation: string, body: Sendable): Promise<Message> => {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
  const problem = fail(body.body);
  if (problem) throw problem;
  wire.push(body);
  return message(wire.length, { client_id: body.client_id, body: body.body });
};
const outbox = (sent: (message: Message) => void = () => {}) => new Outbox(keyValues, new Emitter(), sent, send);

beforeEach(() => {
  keyValues = new MemoryStore();
  wire = [];
  fail = () => null;
});

test('sends in the order in which they were written', async () => {
  const box = outbox();
  for (const body of ['one', 'two', 'three']) box.add('c1', { body });
  expect(box.of('c1')).toHaveLength(3);
  await vi.waitFor(() => expect(box.of('c1')).toHaveLength(0));
  expect(wire.map((one) => one.body)).toEqual(['one', 'two', 'three']);
});

test('keeps what could not be sent and sends it once after a reload, with the same client_id', async () => {
  fail = offline;
  keyValues = await openKeyValueStore('reload-test');
  const first = outbox();
  const { client_id } = first.add('c1', { body: 'kept' });
  await vi.waitFor(async () => expect(await keyValues.all('outbox')).toHaveLength(1));
  await new Promise((resolve) => setTimeout(resolve, 10));
  first.close();
  keyValues.close();

  fail = () => null;
  keyValues = await openKeyValueStore('reload-test');
  const second = outbox();
  await second.load();
  await vi.waitFor(() => expect(wire).toEqual([{ body: 'kept', client_id }]));
  await vi.waitFor(async () => expect(await keyValues.all('outbox')).toHaveLength(0));
});

test('a refusal marks the message, the next ones go on, retry sends it again', async () => {
  fail = (body) => (body === 'bad' ? new ApiError({ status: 422, code: 'invalid', detail: 'no' }) : null);
  const box = outbox();
  box.add('c1', { body: 'bad' });
  box.add('c1', { body: 'good' });
  await vi.waitFor(() => expect(wire.map((one) => one.body)).toEqual(['good']));
  const [failed] = box.of('c1');
  expect(failed).toMatchObject({ body: 'bad', failed: { code: 'invalid' } });
  expect(box.waiting).toBe(0);
  fail = () => null;
  box.retry(failed!.client_id);
  await vi.waitFor(() => expect(box.of('c1')).toHaveLength(0));
});

test('waits while the server cannot be reached and goes on when told', async () => {
  fail = offline;
  const box = outbox();
  box.add('c1', { body: 'one' });
  box.add('c1', { body: 'two' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(box.waiting).toBe(2);
  fail = () => null;
  box.kick();
  await vi.waitFor(() => expect(wire.map((one) => one.body)).toEqual(['one', 'two']));
});

test('an event that brings the message first ends the wait', async () => {
  fail = offline;
  const box = outbox();
  const { client_id } = box.add('c1', { body: 'one' });
  box.settled(client_id);
  expect(box.of('c1')).toEqual([]);
});

test('the answer and the removal of the waiting row are one change', async () => {
  const emitter = new Emitter<Topic>();
  const seen: number[] = [];
  const box = new Outbox(keyValues, emitter, () => emitter.changed('outbox'), send);
  emitter.on('outbox', () => seen.push(box.of('c1').length));
  box.add('c1', { body: 'one' });
  await vi.waitFor(() => expect(box.of('c1')).toHaveLength(0));
  expect(seen).toEqual([1, 0]);
});
