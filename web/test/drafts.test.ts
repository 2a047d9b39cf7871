// Drafts: what the server has not heard, because there was no connection, is told when there is one, also after a reload.
import { beforeEach, expect, test, vi, type MockInstance } from 'vitest';
import { ApiError, Client } from '../src/core/api';
import { Drafts } from '../src/core/sync/drafts';
import { MemoryStore, type KeyValueStore } from '../src/core/store/keyValueStore';
import { Emitter } from '../src/core/store/emitter';
import { event } from './helpers';

const offline = new ApiError({ status: 0, code: 'offline', detail: '' });
let keyValues: KeyValueStore;
let online: boolean;
let client: Client;
let call: MockInstance<Client['call']>;
/** What the server has, by conversation and mode. */
let server: Map<string, string>;

const drafts = () => new Drafts(client, keyValues, new Emitter());
const settled = () => new Promise((resolve) => setTimeout(resolve, 10));
async function typed(box: Drafts, body: string): Promise<void> {
  box.set('c1', 'reply', body);
  box.flush();
  await settled();
}

const saved = (body: string) => event(1, 'draft.saved', { mode: 'reply', body });

beforeEach(() => {
  vi.restoreAllMocks();
  keyValues = new MemoryStore();
  online = true;
  server = new Map();
  client = new Client();
  call = vi.spyOn(client, 'call').mockImplementation(async (method, path, options) => {
    if (!online) throw offline;
    const { mode, body } = { ...options?.query, ...(options?.body as object) } as { mode: string; body: string };
    const key = `${path.split('/')[2]}:${mode}`;
    if (method === 'PUT') server.set(key, body);
    if (method === 'DELETE') server.delete(key);
    const items = [...server].map(([key, body]) => ({ conversation_id: key.split(':')[0]!, mode: key.split(':')[1]!, body, updated_at: '2020-01-01T00:00:00Z' }));
    return { items, next: null } as never;
  });
});

test('what was written without a connection reaches the server with it', async () => {
  const box = drafts();
  online = false;
  await typed(box, 'half a thought');
  expect(server.size).toBe(0);
  online = true;
  await box.sync();
  expect(server.get('c1:reply')).toBe('half a thought');
});

test('what was sent without a connection does not come back as a draft', async () => {
  const box = drafts();
  await typed(box, 'to be sent');
  online = false;
  box.clear('c1', 'reply');
  await settled();
  // The page is loaded again before there is a connection.
  const again = drafts();
  await again.load();
  online = true;
  await again.sync();
  expect(again.get('c1', 'reply')).toBeUndefined();
  await vi.waitFor(() => expect(server.size).toBe(0));
});

test('what the server refuses is not tried for ever', async () => {
  const box = drafts();
  call.mockImplementation(async (method) => {
    if (method === 'PUT') throw new ApiError({ status: 404, code: 'not_found', detail: '' });
    return { items: [], next: null } as never;
  });
  await typed(box, 'into a conversation that is gone');
  await box.sync();
  await box.sync();
  expect(call.mock.calls.filter(([method]) => method === 'PUT')).toHaveLength(1);
});

test('what comes back late of one\'s own drafts does not undo what was sent since', async () => {
  const box = drafts();
  await typed(box, 'to be sent');
  await typed(box, 'to be sent, now');
  box.clear('c1', 'reply');
  await settled();
  for (const body of ['to be sent', 'to be sent, now', '']) {
    box.event(saved(body), true);
    expect(box.get('c1', 'reply')).toBeUndefined();
  }
  // Another tab begins, with the same words.
  box.event(saved('to be sent'), true);
  expect(box.get('c1', 'reply')?.body).toBe('to be sent');
});

test('a draft of another tab is shown, also between what comes back of one\'s own', async () => {
  const box = drafts();
  await typed(box, 'mine');
  box.clear('c1', 'reply');
  await settled();
  box.event(saved('mine'), true);
  box.event(saved(''), true);
  box.event(saved('of the other tab'), true);
  expect(box.get('c1', 'reply')?.body).toBe('of the other tab');
});

test('what the server did not take is not waited for', async () => {
  const box = drafts();
  online = false;
  await typed(box, 'lost on the way');
  online = true;
  box.clear('c1', 'reply');
  await settled();
  box.event(saved(''), true);
  box.event(saved('lost on the way'), true);
  expect(box.get('c1', 'reply')?.body).toBe('lost on the way');
});

test('two windows end with what the server has, however soon one change follows another', async () => {
  const box = drafts();
  box.event(saved('first part'), true);
  box.event(saved('first part, and the second part'), true);
  expect(box.get('c1', 'reply')?.body).toBe('first part, and the second part');
  box.event(saved(''), true);
  expect(box.get('c1', 'reply')).toBeUndefined();
});

test('what is on its way comes after what another window wrote, and wins', async () => {
  const box = drafts();
  box.set('c1', 'reply', 'typed here');
  box.event(saved('typed there'), true);
  expect(box.get('c1', 'reply')?.body).toBe('typed here');
  box.flush();
  box.event(saved('typed there'), true);
  await settled();
  box.event(saved('typed here'), true);
  expect([box.get('c1', 'reply')?.body, server.get('c1:reply')]).toEqual(['typed here', 'typed here']);
  box.event(saved('typed there, later'), true);
  expect(box.get('c1', 'reply')?.body).toBe('typed there, later');
});

test('what another window has sent while this one was away is gone here too, with its quote', async () => {
  const box = drafts();
  const quote = { id: 'm1', seq: 1, author: null, preview: '', deleted: false };
  box.set('c1', 'reply', 'sent there', quote);
  box.flush();
  await settled();
  server.clear();
  const again = drafts();
  await again.load();
  await again.sync();
  expect(again.get('c1', 'reply')).toBeUndefined();
});

test('what is written while the drafts of the server are on their way is not undone by them', async () => {
  const box = drafts();
  server.set('c1:reply', 'of the server');
  const syncing = box.sync();
  await Promise.resolve();
  await typed(box, 'written meanwhile');
  await syncing;
  expect(box.get('c1', 'reply')?.body).toBe('written meanwhile');
});
