// Several sessions on one page: each has its own client, store, stream and parts, and the screen of one shows nothing of the other.
import { flushSync } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import type { ChangeEvent, Me } from '../src/core/api';
import { fileLink } from '../src/core/api/fileLinks';
import { MemoryStore } from '../src/core/store/keyValueStore';
import { Session } from '../src/core/sync/session';
import { StaffSession } from '../src/core/sync/staffSession';
import { Live, SessionView } from '../src/ui/live.svelte';
import { conversation, me, message, posted, snapshot } from './helpers';
import { FakeClient } from './session';
import { watching } from './watching.svelte';

interface Opened { url: string; socket: FakeSocket }
const opened: Opened[] = [];

class FakeSocket {
  static readonly OPEN = 1;
  readyState = 1;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(url: URL) {
    opened.push({ url: String(url), socket: this });
  }
  send(): void {}
  close(): void {}
  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

afterEach(() => {
  opened.length = 0;
  vi.unstubAllGlobals();
});

const ben: Me = { ...me, id: 'ben', name: 'Ben Roth' };

function clientOf(token: string, who: Me): FakeClient {
  const client = new FakeClient();
  Object.assign(client, { token, renew: async () => token, origin: `https://${token}.example` });
  client.answers['GET /snapshot'] = () => ({ ...snapshot([conversation({ title: `of ${who.name}` })]), me: who });
  client.answers['GET /me'] = () => who;
  client.answers['GET /files/f/link'] = () => ({ url: `https://x.example/files/f?of=${token}`, expires_at: '' });
  return client;
}

async function online(client: FakeClient): Promise<(event: ChangeEvent) => void> {
  const found = await vi.waitFor(() => {
    const one = opened.find(({ url }) => url.includes(`access_token=${client.token}`));
    if (!one) throw new Error('no stream yet');
    return one.socket;
  });
  found.say({ type: 'ready', cursor: '10.e.sig' });
  return (event) => found.say({ type: 'event', event });
}

test('two people on one page: an event, a link and the end of one are nothing to the other', async () => {
  vi.stubGlobal('WebSocket', FakeSocket);
  const [first, second] = [clientOf('ana', me), clientOf('ben', ben)];
  const ended = vi.fn();
  const [ana, staff] = [new Live(first), new Live(second)];
  ana.use(await StaffSession.open(first, me, { remembers: false, ended }));
  staff.use(await StaffSession.open(second, ben, { remembers: false, ended }));
  const [tellAna] = [await online(first), await online(second)];
  expect([ana.session.store.me!.name, staff.session.store.me!.name]).toEqual(['Ana Lima', 'Ben Roth']);

  const seen: Record<string, number[]> = { ana: [], ben: [] };
  const end = watching(
    () => seen['ana']!.push(ana.conversation('c1')!.me.unread),
    () => seen['ben']!.push(staff.conversation('c1')!.me.unread),
  );
  flushSync();
  tellAna(posted(11, message(1)));
  flushSync();
  expect(seen).toEqual({ ana: [0, 1], ben: [0] });
  expect(await Promise.all([fileLink(first, 'f'), fileLink(second, 'f')])).toEqual(['https://ana.example/files/f?of=ana', 'https://ben.example/files/f?of=ben']);

  await ana.session.forget();
  ana.use(null);
  expect([ana.maybeSession, staff.session.online]).toEqual([null, true]);
  expect(ended).not.toHaveBeenCalled();
  staff.session.stop();
  end();
});

test('a session without parts beside one with all of them', async () => {
  vi.stubGlobal('WebSocket', FakeSocket);
  const client = clientOf('visitor', ben);
  const view = new SessionView<Session>(client);
  view.use(await new Session(client, new MemoryStore(), { ended: () => {} }).start(null));
  const tell = await online(client);
  tell(posted(11, message(1)));
  expect(view.session.store.conversation('c1')).toMatchObject({ title: 'of Ben Roth', last_seq: 1 });
  view.session.outbox.add('c1', { body: 'hello' });
  await vi.waitFor(() => expect(client.asked).toContain('POST /conversations/c1/messages'));
  expect(client.asked.filter((one) => /drafts|presence|teams|delivered/.test(one))).toEqual([]);
  view.session.stop();
});
