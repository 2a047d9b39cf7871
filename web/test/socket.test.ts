import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Socket, advanced } from '../src/core/sync/socket';
import type { Transport, TransportEvents, TransportName } from '../src/core/sync/transports';
import { event } from './helpers';

interface Opened { name: TransportName; cursor: string; on: TransportEvents; closed: boolean }
let opened: Opened[];
const last = () => opened[opened.length - 1]!;
const transport = (name: TransportName): Transport => (cursor, on) => {
  const connection = { name, cursor, on, closed: false };
  opened.push(connection);
  return { close: () => (connection.closed = true) };
};
const hooks = { events: vi.fn(), reset: vi.fn(async () => '10.e.sig'), state: vi.fn(), unauthorized: vi.fn(async () => false) };
let socket: Socket;

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  opened = [];
  socket = new Socket(hooks, { websocket: transport('websocket'), sse: transport('sse'), poll: transport('poll') }, () => 1);
});
afterEach(() => {
  socket.stop();
  vi.useRealTimers();
});

const start = () => socket.start('5.e.sig');

test('starts from a snapshot when there is no cursor', async () => {
  socket.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(last()).toMatchObject({ name: 'websocket', cursor: '10.e.sig' });
  last().on.ready('10.e.sig', false);
  expect(socket.state).toBe('online');
});

test('advances the cursor with the events and resumes from there', async () => {
  start();
  last().on.ready('5.e.sig', false);
  last().on.events([event(6, 'acknowledged', { person_id: 'ben', acknowledged_at: 'x' }), event(9, 'draft.saved', { mode: 'reply', body: '' })]);
  expect(socket.cursor).toBe('9.e.sig');
  last().on.closed(1006);
  await vi.advanceTimersByTimeAsync(600);
  expect(last()).toMatchObject({ name: 'websocket', cursor: '9.e.sig' });
});

test('a reset leads to a snapshot and its cursor', async () => {
  start();
  last().on.ready('99.e.sig', true);
  await vi.advanceTimersByTimeAsync(0);
  expect(hooks.reset).toHaveBeenCalledOnce();
  expect(last().cursor).toBe('10.e.sig');
});

test('steps down to SSE and to the long poll where a transport cannot pass, and back up later', async () => {
  start();
  for (const name of ['websocket', 'websocket', 'sse', 'sse'] as const) {
    expect(last().name).toBe(name);
    last().on.closed(1006);
    await vi.advanceTimersByTimeAsync(31_000);
  }
  expect(last().name).toBe('poll');
  last().on.ready('5.e.sig', false);
  expect(socket.state).toBe('online');
  await vi.advanceTimersByTimeAsync(61_000);
  expect(last().name).toBe('websocket');
  last().on.ready('5.e.sig', false);
  expect(last().name).toBe('websocket');
  last().on.ready('5.e.sig', false);
  expect(socket.transport).toBe('websocket');
});

test('waits longer after each failure, at most 30 seconds', async () => {
  start();
  const waits: number[] = [];
  for (let turn = 0; turn < 10; turn++) {
    const count = opened.length;
    last().on.closed(1006);
    let waited = 0;
    while (opened.length === count) {
      await vi.advanceTimersByTimeAsync(250);
      waited += 250;
    }
    waits.push(waited);
  }
  expect(waits.slice(0, 4)).toEqual([500, 1000, 2000, 4000]);
  expect(Math.max(...waits)).toBe(30_000);
});

test('4000 connects again at once, 4200 within five seconds, neither counts as a failure', async () => {
  start();
  last().on.ready('5.e.sig', false);
  last().on.closed(4000);
  await vi.advanceTimersByTimeAsync(300);
  expect(opened).toHaveLength(2);
  last().on.ready('5.e.sig', false);
  last().on.closed(4200);
  await vi.advanceTimersByTimeAsync(5000);
  expect(opened).toHaveLength(3);
  expect(hooks.state).not.toHaveBeenCalledWith('offline', expect.anything());
});

test('4001 asks whether the session still stands', async () => {
  start();
  last().on.ready('5.e.sig', false);
  last().on.closed(4001);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(hooks.unauthorized).toHaveBeenCalledOnce();
  expect(opened).toHaveLength(1);
});

test('a nudge tries at once', async () => {
  start();
  last().on.closed(1006);
  socket.nudge();
  expect(opened).toHaveLength(2);
});

test('what an abandoned connection still says is not heard', () => {
  start();
  const first = last();
  first.on.closed(1006);
  socket.nudge();
  first.on.events([event(6, 'acknowledged', { person_id: 'ben', acknowledged_at: 'x' })]);
  expect(hooks.events).not.toHaveBeenCalled();
});

test('a cursor never goes back', () => {
  expect(advanced('5.e.sig', 9)).toBe('9.e.sig');
  expect(advanced('9.e.sig', 5)).toBe('9.e.sig');
});
