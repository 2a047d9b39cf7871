// The composer without a field: drafts, answers, changes, files, notes, and what is sent.
import { beforeEach, expect, test, vi } from 'vitest';
import { ApiError, type Attachment } from '../src/core/api';
import { MemoryStore } from '../src/core/store/keyValueStore';
import { Store } from '../src/core/store/store';
import { Outbox } from '../src/core/sync/outbox';
import { Uploads } from '../src/core/sync/uploads';
import { StaffComposer } from '../src/inbox/thread/StaffComposer';
import { ComposerController } from '../src/thread/ComposerController';
import { ana, conversation, message, myPart, snapshot } from './helpers';
import { FakeClient, sessionWith, upTo } from './session';

const failed = vi.fn();
beforeEach(() => failed.mockClear());

function made(part: Parameters<typeof sessionWith>[1] = {}) {
  const { session, client } = sessionWith(upTo(3), part);
  session.store.putPage('c1', { items: [message(1), message(2, { author: ana, created_at: new Date().toISOString() }), message(3)], has_before: false, has_after: false }, 'around');
  const composer = new StaffComposer(session, 'c1', { failed });
  composer.enter();
  return { session, client, composer };
}
const waiting = (session: { outbox: Outbox }) => session.outbox.of('c1');

test('what is typed is a draft, and what is sent is none any more', () => {
  const { session, composer } = made();
  composer.type('  half a thought ');
  expect(session.drafts.get('c1', 'reply')!.body).toBe('  half a thought ');
  composer.send();
  expect(waiting(session)).toMatchObject([{ body: 'half a thought', reply_to: null, is_private_note: false }]);
  expect([composer.text, session.drafts.get('c1', 'reply')]).toEqual(['', undefined]);
});

test('nothing empty and nothing too long is sent', () => {
  const { session, composer } = made();
  session.store.setMe({ ...session.store.me!, settings: { ...session.store.me!.settings, message_max_chars: 5 } });
  composer.send();
  composer.type('six 👍👍');
  expect(composer.over).toBe(1);
  composer.send();
  expect(waiting(session)).toEqual([]);
});

test('a draft of another device shows, but for what is being typed here', () => {
  const { session, composer } = made();
  const elsewhere = (body: string) =>
    session.drafts.event({ seq: 1, type: 'draft.saved', at: '', conversation_id: 'c1', actor: null, data: { mode: 'reply', body } }, true);
  elsewhere('from the phone');
  expect(composer.text).toBe('from the phone');
  elsewhere('from the phone, and more');
  expect(composer.text).toBe('from the phone, and more');
  composer.type('here');
  elsewhere('there');
  expect(composer.text).toBe('here');
});

test('an answer quotes; taken back it quotes nothing, and the text stays', () => {
  const { session, composer } = made();
  composer.reply(message(1));
  composer.type('yes');
  expect(composer.stop()).toBe(true);
  expect(composer.stop()).toBe(false);
  expect(composer.text).toBe('yes');
  composer.reply(message(1));
  composer.send();
  expect(waiting(session)[0]!.reply_to).toMatchObject({ id: 'm1', preview: 'message 1' });
});

test('my last message is changed; the draft is there again afterwards', async () => {
  const { session, client, composer } = made();
  composer.type('a draft');
  composer.type('');
  expect(composer.editLast()).toBe(true);
  expect(composer.text).toBe('message 2');
  client.answers['PATCH /messages/m2'] = (body) => message(2, { author: ana, ...(body as object) });
  composer.type('better');
  expect(session.drafts.get('c1', 'reply')).toBeUndefined();
  composer.send();
  await vi.waitFor(() => expect(composer.editing).toBeNull());
  expect(session.store.message('c1', 'm2')!.body).toBe('better');
  expect(waiting(session)).toEqual([]);
});

test('a change that is refused stays to be tried again', async () => {
  const { client, composer } = made();
  client.answers['PATCH /messages/m2'] = () => {
    throw new ApiError({ status: 403, code: 'forbidden', detail: '' });
  };
  composer.editLast();
  composer.type('better');
  composer.send();
  await vi.waitFor(() => expect(failed).toHaveBeenCalledOnce());
  expect([composer.editing?.id, composer.text, composer.ready]).toEqual(['m2', 'better', true]);
});

test('with files on their way it is sent when they are there, once', async () => {
  const { session, client } = made();
  client.answers['POST /conversations/c1/messages'] = () => new Promise(() => {}); // stays on its way
  const arrivals: { resolve: (file: Attachment) => void; reject: (error: ApiError) => void }[] = [];
  const uploads = new Uploads(client, new MemoryStore(), session.store.emitter, () => new Promise((resolve, reject) => arrivals.push({ resolve, reject })));
  const composer = new ComposerController({ client, store: session.store, outbox: session.outbox, uploads }, 'c1', { failed });
  composer.enter();
  composer.attach([new File(['slow'], 'slow.txt'), new File(['bad'], 'bad.txt')]);
  composer.type('with the slow one');
  composer.send();
  expect([composer.sendsLater, waiting(session)]).toEqual([true, []]);
  arrivals[0]!.resolve({ id: 'f1', name: 'slow.txt', content_type: 'text/plain', size: 4 });
  arrivals[1]!.reject(new ApiError({ status: 503, code: 'unavailable', detail: '' }));
  // What has failed is for the writer to decide.
  await vi.waitFor(() => expect(composer.sendsLater).toBe(false));
  expect([composer.text, waiting(session)]).toEqual(['with the slow one', []]);
  uploads.retry(composer.place, composer.uploads[1]!.key);
  composer.send();
  arrivals[2]!.resolve({ id: 'f2', name: 'bad.txt', content_type: 'text/plain', size: 3 });
  await vi.waitFor(() => expect(waiting(session)).toHaveLength(1));
  expect(waiting(session)[0]).toMatchObject({ body: 'with the slow one', attachments: [{ id: 'f1' }, { id: 'f2' }] });
  expect([composer.text, composer.uploads, composer.sendsLater]).toEqual(['', [], false]);
});

test('a note has a draft of its own, and what answers a note is one', () => {
  const can = { ...myPart().can, note: true };
  const { session, composer } = made({ me: myPart({ can }) });
  composer.type('for everybody');
  composer.write(true);
  expect([composer.mode, composer.text]).toEqual(['note', '']);
  composer.type('among us');
  composer.write(false);
  expect(composer.text).toBe('for everybody');
  composer.reply(message(1, { is_private_note: true }));
  expect([composer.note, composer.text]).toEqual([true, 'among us']);
  composer.send();
  expect(waiting(session)[0]).toMatchObject({ body: 'among us', is_private_note: true, reply_to: { id: 'm1' } });
  composer.reply(message(1, { is_private_note: true }));
  composer.write(false);
  expect(composer.replyTo).toBeNull();
});

test('a thread has a draft of its own, and its messages say where they belong', () => {
  const { session } = made();
  const composer = new StaffComposer(session, 'c1', { failed }, 'm1');
  composer.enter();
  composer.type('in the thread');
  expect(session.drafts.get('c1', 'm1')!.body).toBe('in the thread');
  composer.send();
  expect(waiting(session)[0]).toMatchObject({ thread_root_id: 'm1', is_private_note: false });
});

test('store, outbox and client are enough: without drafts, files and presence', () => {
  const store = new Store();
  store.reset(snapshot([conversation()]));
  const outbox = new Outbox(new MemoryStore(), store.emitter, () => {}, () => new Promise(() => {}));
  const composer = new ComposerController({ client: new FakeClient(), store, outbox }, 'c1', { failed });
  const leave = composer.enter();
  composer.type('hello');
  composer.send();
  expect(outbox.of('c1')).toMatchObject([{ body: 'hello' }]);
  expect(composer.text).toBe('');
  leave();
});

test('who was chosen for a mention is sent, and not shown', async () => {
  const { session, client, composer } = made();
  const choose = (name: string, id: string) => {
    const at = composer.text.length;
    composer.type(`${composer.text}@[${name}] `);
    composer.choose(at, id);
  };
  choose('Anna', 'a1');
  choose('Anna', 'a2');
  // Another conversation was looked at meanwhile: the draft is still about the same people.
  const again = new StaffComposer(session, 'c1', { failed });
  again.enter();
  expect(again.text).toBe('@[Anna] @[Anna] ');
  again.send();
  expect(waiting(session)).toMatchObject([{ body: '@[Anna] @[Anna]', sent: '@[Anna|a1] @[Anna|a2]' }]);
  await vi.waitFor(() => expect(client.asked).toContain('POST /conversations/c1/messages'));
});

test('an edit says whom it means, and another person of the same name is a change', async () => {
  const { session, client } = made();
  const saved = vi.fn();
  const composer = new StaffComposer(session, 'c1', { failed, saved });
  composer.enter();
  const mine = message(2, { author: ana, created_at: new Date().toISOString(), body: 'hi @[Anna]', mentions: [{ user_id: 'a1', name: 'Anna' }] });
  const bodies: unknown[] = [];
  client.answers['PATCH /messages/m2'] = (body) => (bodies.push(body), { ...mine, names_nobody: ['Cara'] });
  composer.edit(mine);
  composer.send();
  expect(composer.editing).toBeNull();
  composer.edit(mine);
  composer.type('hi @[Anna]!');
  composer.send();
  await vi.waitFor(() => expect(saved).toHaveBeenCalledWith(expect.objectContaining({ names_nobody: ['Cara'] })));
  composer.edit(mine);
  composer.type('hi ');
  composer.type('hi @[Anna] ');
  composer.choose(3, 'a2');
  composer.send();
  await vi.waitFor(() => expect(bodies).toHaveLength(2));
  expect(bodies).toEqual([{ body: 'hi @[Anna|a1]!' }, { body: 'hi @[Anna|a2]' }]);
});
