import { beforeEach, describe, expect, test, vi } from 'vitest';
import { apply, withReaction, type Needs } from '../src/core/store/events';
import { Store } from '../src/core/store/store';
import { ana, ben, conversation, event, me, message, myPart, posted, snapshot, user } from './helpers';

const needs = { conversation: vi.fn(), message: vi.fn(), refused: vi.fn(), arrived: vi.fn() } satisfies Needs;
let store: Store;
const take = (...events: Parameters<typeof apply>[1][]) => events.map((one) => apply(store, one, needs));
const mine = () => store.conversation('c1')!.me;

beforeEach(() => {
  vi.clearAllMocks();
  store = new Store();
  store.reset(snapshot([conversation()]));
  store.putPage('c1', { items: [message(1)], has_before: false, has_after: false }, 'around');
});

describe('message.posted', () => {
  test('appends, counts as unread and moves the conversation', () => {
    store.reset(snapshot([conversation(), conversation({ id: 'c2', last_activity_at: '2026-01-01T00:01:30Z' })]));
    take(posted(11, message(2)));
    expect(store.timeline('c1')!.items.map((one) => one.seq)).toEqual([1, 2]);
    expect(mine().unread).toBe(1);
    expect(store.list()[0]!.id).toBe('c1');
    expect(needs.arrived).toHaveBeenCalledOnce();
  });

  test('is taken in once, whatever the number of deliveries', () => {
    expect(take(posted(11, message(2)), posted(11, message(2)), posted(9, message(3)))).toEqual([true, false, false]);
    expect(mine().unread).toBe(1);
  });

  test('my own message is not unread; it is read if everything before it was', () => {
    take(posted(11, message(2, { author: ana })));
    expect(mine()).toMatchObject({ unread: 0, last_read_seq: 2 });
    take(posted(12, message(3)), posted(13, message(4, { author: ana })));
    expect(mine()).toMatchObject({ unread: 1, last_read_seq: 2 });
  });

  test('mentions count apart, system messages not at all', () => {
    take(posted(11, message(2, { mentions: [{ user_id: me.id, name: me.name }] })), posted(12, message(3, { kind: 'system' })));
    expect(mine()).toMatchObject({ unread: 1, mentions: 1 });
  });

  test('an unknown conversation is asked for', () => {
    take(posted(11, message(1, { conversation_id: 'new' })));
    expect(needs.conversation).toHaveBeenCalledWith('new');
  });

  test('beyond a loaded part that does not reach the end, it is left for paging', () => {
    store.putPage('c1', { items: [message(1)], has_before: false, has_after: true }, 'around');
    take(posted(11, message(9)));
    expect(store.timeline('c1')!.items.map((one) => one.seq)).toEqual([1]);
    expect(store.conversation('c1')!.last_seq).toBe(9);
  });
});

test('an edit replaces, a deletion empties and gives the unread count back', () => {
  take(posted(11, message(2)));
  take(event(12, 'message.edited', { message: message(2, { body: 'better', edited_at: 'x' }) }));
  expect(store.message('c1', 'm2')!.body).toBe('better');
  expect(store.conversation('c1')!.last_message!.preview).toBe('better');
  take(event(13, 'message.deleted', { message: message(2, { body: '', deleted_at: 'x' }) }));
  expect(mine().unread).toBe(0);
});

test('the mark of a draft goes when the draft does', () => {
  store.putConversation(conversation({ me: myPart({ draft: true }) }));
  take(event(11, 'draft.saved', { mode: 'reply', body: '' }));
  expect(mine().draft).toBe(false);
  take(event(12, 'draft.saved', { mode: 'reply', body: 'half' }));
  expect(mine().draft).toBe(true);
});

test('what quotes a message follows its changes and its deletion', () => {
  const quoted = { id: 'm1', seq: 1, author: ana, preview: 'message 1', deleted: false };
  const quote = () => store.timeline('c1')!.items[1]!.reply_to;
  take(posted(11, message(2, { reply_to: quoted })), event(12, 'message.edited', { message: message(1, { body: 'put **right**', html: '<p>put <strong>right</strong></p>' }) }));
  expect(quote()).toMatchObject({ preview: 'put right', deleted: false });
  take(event(13, 'message.deleted', { message: message(1, { body: '', html: '', deleted_at: '2026-01-01T01:00:00Z' }) }));
  expect(quote()).toEqual({ ...quoted, preview: '', deleted: true });
});

test('the deletion of a message that was read counts nothing', () => {
  store.changeMine('c1', { unread: 1, last_read_seq: 5 });
  take(event(12, 'message.deleted', { message: message(2, { body: '', deleted_at: 'x' }) }));
  expect(mine().unread).toBe(1);
});

test('reactions are idempotent and know mine', () => {
  const one = withReaction(message(1), '👍', 'ana', true, 'ana');
  expect(one.reactions).toEqual([{ emoji: '👍', count: 1, users: ['ana'], mine: true }]);
  expect(withReaction(one, '👍', 'ana', true, 'ana')).toBe(one);
  expect(withReaction(one, '👍', 'ana', false, 'ana').reactions).toEqual([]);
});

test('read positions only move forward', () => {
  take(event(11, 'read', { person_id: 'ben', last_read_seq: 5, last_read_at: 'x', message_id: null }), event(12, 'read', { person_id: 'ben', last_read_seq: 3, last_read_at: 'y', message_id: null }));
  expect(store.conversation('c1')!.participants.find((part) => part.person.id === 'ben')).toMatchObject({ last_read_seq: 5, last_delivered_seq: 5 });
});

test('two tabs agree by me.conversation', () => {
  take(posted(11, message(2)), event(12, 'me.conversation', { me: myPart({ last_read_seq: 2, muted: true }) }));
  expect(mine()).toMatchObject({ unread: 0, muted: true });
  expect(store.counts()).toEqual({ unread: 0, mentions: 0, conversations: 0, unmuted: 0 });
});

test('somebody removed leaves the list of members; I am told when it is me', () => {
  const part = (id: string) => ({ ...conversation().participants.find((one) => one.person.id === id)!, left_at: 'x' });
  take(event(11, 'participant.removed', { participants: [part('ben')], members_count: 1 }));
  expect(store.conversation('c1')).toMatchObject({ members_count: 1, participants: [{ person: { id: 'ana' } }] });
  take(event(12, 'participant.removed', { participants: [part('ana')], members_count: 0 }));
  expect(needs.refused).toHaveBeenCalledWith('c1');
});

test('a late answer does not undo newer events', () => {
  take(posted(11, message(2)));
  store.putConversation(conversation({ title: 'Renamed', last_seq: 1 }));
  expect(store.conversation('c1')).toMatchObject({ title: 'Renamed', last_seq: 2, me: { unread: 1 } });
});

test('a list answer does not make known members forgotten', () => {
  store.putConversation({ ...conversation({ members_count: 2 }), participants: [conversation().participants[1]!] });
  expect(store.conversation('c1')!.participants).toHaveLength(2);
});

test('a reset forgets what is gone and marks timelines stale', () => {
  store.reset(snapshot([conversation({ id: 'c2' })], 50));
  expect(store.conversation('c1')).toBeUndefined();
  expect(store.seq).toBe(50);
});

test('listeners hear of a change once per batch', () => {
  const heard = vi.fn();
  store.emitter.on('list', heard);
  store.emitter.batch(() => [2, 3, 4].forEach((seq) => take(posted(20 + seq, message(seq)))));
  expect(heard).toHaveBeenCalledOnce();
});

test('pages join without doubles, in order', () => {
  store.putPage('c1', { items: [message(5), message(6)], has_before: true, has_after: false }, 'around');
  store.putPage('c1', { items: [message(3), message(4), message(5)], has_before: false, has_after: true }, 'before');
  const timeline = store.timeline('c1')!;
  expect(timeline.items.map((one) => one.seq)).toEqual([3, 4, 5, 6]);
  expect(timeline).toMatchObject({ hasBefore: false, hasAfter: false });
});

test('another name or picture is shown wherever the person is, and nothing else is drawn anew', () => {
  store.reset(snapshot([conversation(), conversation({ id: 'c2', participants: [] })]));
  store.putPage('c1', { items: [message(1), message(2, { author: ana })], has_before: false, has_after: false }, 'around');
  const [other, mine] = [store.conversation('c2'), store.timeline('c1')!.items[1]];
  const fresh = { ...ben, name: 'Ben R.', avatar_url: '/files/avatars/t/1' };
  take(event(11, 'user.updated', { user: user(fresh) }));
  expect(store.timeline('c1')!.items[0]!.author).toEqual(fresh);
  expect(store.conversation('c1')!.participants[1]!.person).toEqual(fresh);
  expect(store.timeline('c1')!.items[1]).toBe(mine);
  expect(store.conversation('c2')).toBe(other);
  take(event(12, 'user.updated', { user: user({ ...ana, avatar_url: '/files/avatars/t/2' }) }));
  expect(store.me!.avatar_url).toBe('/files/avatars/t/2');
});
