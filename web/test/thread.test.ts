// The headless controllers of a thread: opening, jumping, paging, and what is unseen, without a screen.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiError } from '../src/core/api';
import { MessageWindow, type WindowView } from '../src/thread/MessageWindow';
import { ThreadController } from '../src/thread/ThreadController';
import { ana, message, myPart, posted } from './helpers';
import { sessionWith, upTo } from './session';
import { apply } from '../src/core/store/events';

const needs = { conversation: vi.fn(), message: vi.fn(), refused: vi.fn(), arrived: vi.fn() };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('opening', () => {
  test('at the first unread message, with what lies around it', async () => {
    const { session } = sessionWith(upTo(40), { me: myPart({ unread: 10, last_read_seq: 30 }) });
    const thread = new ThreadController(session, 'c1');
    await thread.open();
    expect(thread.newFrom).toBe(31);
    expect(thread.target).toEqual({ seq: 31, flash: false });
    expect(session.store.timeline('c1')!.items.map((one) => one.seq)).toEqual(upTo(40).slice(25, 35));
  });

  test('at the end, or where one was the last time', async () => {
    const { session } = sessionWith(upTo(40), { me: myPart({ last_read_seq: 40 }) });
    const end = new ThreadController(session, 'c1');
    await end.open();
    expect([end.target, session.store.timeline('c1')!.items.at(-1)!.seq]).toEqual([null, 40]);
    const remembered = new ThreadController(session, 'c1', { remembered: () => 12 });
    await remembered.open();
    expect(remembered.target).toEqual({ seq: 12, flash: false });
  });

  test('what is known is shown at once, and asked for again only where one stays', async () => {
    const { session, client } = sessionWith(upTo(20), { me: myPart({ last_read_seq: 20 }) });
    await new ThreadController(session, 'c1').open();
    client.asked.length = 0;
    const thread = new ThreadController(session, 'c1');
    const leave = thread.enter();
    const opening = thread.open();
    leave();
    await vi.advanceTimersByTimeAsync(300);
    await opening;
    expect(client.asked).toEqual([]);
    const stays = new ThreadController(session, 'c1').open();
    await vi.advanceTimersByTimeAsync(300);
    await stays;
    expect(client.asked).toContain('GET /conversations/c1/messages');
  });

  test('a conversation that is not for me is gone; an error is tried again when the connection is back', async () => {
    const { session, client } = sessionWith(upTo(5));
    client.answers['GET /conversations/c1/messages'] = () => {
      throw new ApiError({ status: 503, code: 'unavailable', detail: '' });
    };
    const thread = new ThreadController(session, 'c1');
    const leave = thread.enter();
    await thread.open();
    expect([thread.gone, thread.error instanceof ApiError]).toEqual([false, true]);
    const online = (state: 'online' | 'offline') => {
      session.state = state;
      session.store.emitter.changed('connection');
    };
    online('offline');
    client.answers['GET /conversations/c1/messages'] = () => ({ items: [message(1)], has_before: false, has_after: false });
    online('online');
    await vi.advanceTimersByTimeAsync(0);
    expect(thread.error).toBeNull();
    leave();
    const other = new ThreadController(session, 'nowhere');
    client.answers['GET /conversations/nowhere'] = () => {
      throw new ApiError({ status: 404, code: 'not_found', detail: '' });
    };
    await other.open();
    expect(other.gone).toBe(true);
  });
});

describe('jumping', () => {
  test('to what is loaded it only aims; to what is not it loads, and the view begins anew', async () => {
    const { session } = sessionWith(upTo(60), { me: myPart({ last_read_seq: 60 }) });
    const thread = new ThreadController(session, 'c1');
    await thread.open();
    await thread.jump(55);
    expect([thread.target, thread.generation]).toEqual([{ seq: 55, flash: true }, 0]);
    await thread.jump(5);
    expect([thread.target, thread.generation]).toEqual([{ seq: 5, flash: true }, 1]);
    expect(session.store.timeline('c1')!.hasAfter).toBe(true);
    await thread.toLatest();
    expect([thread.target, thread.generation, session.store.timeline('c1')!.hasAfter]).toEqual([null, 2, false]);
  });
});

describe('the window of messages', () => {
  async function opened(last: number) {
    const made = sessionWith(upTo(last), { me: myPart({ last_read_seq: last }) });
    await new ThreadController(made.session, 'c1').open();
    const done = vi.fn();
    const view: WindowView = { edge: 200, lastVisible: () => 0, paging: () => done };
    const part = new MessageWindow(made.session, 'c1', view);
    const leave = part.enter();
    return { ...made, part, leave, done };
  }

  test('pages when an end comes near, once at a time, and says when it is there', async () => {
    const { part, client, session, done, leave } = await opened(40);
    client.asked.length = 0;
    part.measured(1_000, 0);
    expect(client.asked).toEqual([]);
    part.measured(100, 500);
    part.measured(90, 500);
    await vi.advanceTimersByTimeAsync(0);
    expect(client.asked).toEqual(['GET /conversations/c1/messages']);
    expect(done).toHaveBeenCalledOnce();
    expect(session.store.timeline('c1')!.items[0]!.seq).toBe(21);
    leave();
  });

  test('an older page that fails is not asked for again by scrolling', async () => {
    const { part, client, leave } = await opened(40);
    client.answers['GET /conversations/c1/messages'] = () => {
      throw new ApiError({ status: 503, code: 'unavailable', detail: '' });
    };
    part.measured(0, 500);
    await vi.advanceTimersByTimeAsync(0);
    expect(part.olderFailed).toBe(true);
    client.asked.length = 0;
    part.measured(0, 500);
    expect(client.asked).toEqual([]);
    leave();
  });

  test('counts what others wrote since one left the end', async () => {
    const { part, session, leave } = await opened(10);
    part.measured(500, 400);
    expect([part.atBottom, part.unseen]).toEqual([false, 0]);
    apply(session.store, posted(11, message(11)), needs);
    apply(session.store, posted(12, message(12, { author: ana })), needs);
    apply(session.store, posted(13, message(13, { kind: 'system' })), needs);
    expect(part.unseen).toBe(1);
    expect(part.rows.map((row) => row.message?.seq).slice(-3)).toEqual([11, 12, 13]);
    part.measured(900, 0);
    expect([part.atBottom, part.unseen]).toEqual([true, 0]);
    leave();
  });

  test('one who has not scrolled away stays at the end though rows turn out higher', async () => {
    const { part, leave } = await opened(10);
    part.measured(500, 300, true);
    expect(part.atBottom).toBe(true);
    part.measured(400, 300, false);
    expect(part.atBottom).toBe(false);
    leave();
  });

  test('tells of changes, and of none after it was left', async () => {
    const { part, session, leave } = await opened(10);
    const heard = vi.fn();
    part.subscribe(heard);
    apply(session.store, posted(11, message(11)), needs);
    const count = heard.mock.calls.length;
    expect(count).toBeGreaterThan(0);
    leave();
    apply(session.store, posted(12, message(12)), needs);
    expect(heard).toHaveBeenCalledTimes(count);
  });
});
