// Drafts: what the server has not heard, because there was no connection, is told when there is one, also after a reload.
import { beforeEach, expect, test, vi } from 'vitest';
import { ApiError, api } from '../src/core/api';
import { Drafts } from '../src/core/drafts';
import { MemoryShelf, type Shelf } from '../src/core/idb';
import { Topics } from '../src/core/topics';

const offline = new ApiError({ status: 0, code: 'offline', detail: '' });
let shelf: Shelf;
let online: boolean;
/** What the server has, by conversation and mode. */
let server: Map<string, string>;

const drafts = () => new Drafts(shelf, new Topics());
const settled = () => new Promise((resolve) => setTimeout(resolve, 10));
async function typed(box: Drafts, body: string): Promise<void> {
  box.set('c1', 'reply', body);
  box.flush();
  await settled();
}

beforeEach(() => {
  vi.restoreAllMocks();
  shelf = new MemoryShelf();
  online = true;
  server = new Map();
  const call = <T>(work: () => T) => (online ? Promise.resolve(work()) : Promise.reject(offline));
  vi.spyOn(api, 'saveDraft').mockImplementation((id, mode, body) => call(() => server.set(`${id}:${mode}`, body)));
  vi.spyOn(api, 'dropDraft').mockImplementation((id, mode) => call(() => server.delete(`${id}:${mode}`)));
  vi.spyOn(api, 'drafts').mockImplementation(() =>
    call(() => ({ items: [...server].map(([key, body]) => ({ conversation_id: key.split(':')[0]!, mode: key.split(':')[1]!, body, updated_at: '2020-01-01T00:00:00Z' })), next: null }) as never),
  );
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
  vi.mocked(api.saveDraft).mockRejectedValue(new ApiError({ status: 404, code: 'not_found', detail: '' }));
  await typed(box, 'into a conversation that is gone');
  await box.sync();
  await box.sync();
  expect(api.saveDraft).toHaveBeenCalledTimes(1);
});
