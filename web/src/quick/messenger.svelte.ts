// The messenger's state: who is here, what is open, and what is told to the person and to the page.
import { ApiError, getMe, openConversation, type Conversation, type Id, type Me, type Message, type Related } from '$core/api';
import { choose } from '$core/text/i18n';
import { plain } from '$core/text/plain';
import { newId } from '$core/sync/newId';
import { directWith, findPeople, relatedOf } from '$core/sync/draftSession';
import { StaffSession } from '$core/sync/staffSession';
import type { Choice } from '$ui/PeoplePicker.svelte';
import { i18n } from '$ui/i18n.svelte';
import { client, live, maybeSession, session } from './live';
import { attention, type News } from './attention.svelte';
import { tell } from './events';
import { theme } from './theme.svelte';
import type { DiscussRequest, Options } from './options';

export type View = { name: 'list' } | { name: 'thread'; id: Id } | { name: 'new' } | { name: 'settings' };
/** `loading`: the person may be here, their conversations are not there yet. */
type Phase = 'off' | 'starting' | 'loading' | 'in' | 'failed' | 'forbidden';
export interface Draft { people: Choice[]; text: string; related: Related | null; missing: string[]; client_id: string }

interface State { phase: Phase; error: unknown; open: boolean; view: View; options: Options | null; draft: Draft; card: { id: Id; related: Related } | null; busy: boolean }
const emptyDraft = (): Draft => ({ people: [], text: '', related: null, missing: [], client_id: newId() });
const state = $state<State>({ phase: 'off', error: null, open: false, view: { name: 'list' }, options: null, draft: emptyDraft(), card: null, busy: false });

/** Counts starts and stops: what was begun before the last one has no say any more. */
let life = 0;
let told = '';
/** A "Discuss" that waits until one is in. */
let wished: DiscussRequest | null = null;
/** The session, also while it starts. */
let begun: StaffSession | null = null;

export const messenger = {
  get phase() { return state.phase; },
  get error() { return state.error; },
  get open() { return state.open; },
  get view() { return state.view; },
  get options() { return state.options!; },
  get draft() { return state.draft; },
  /** Looking for the people of a "Discuss". */
  get busy() { return state.busy; },
  /** The card that goes with the next message of this conversation. */
  cardOf: (id: Id): Related | null => (state.card?.id === id ? state.card.related : null),
  dropCard(): void { state.card = null; },

  show(view: View): void {
    if (view.name === 'new' && state.view.name !== 'new') state.draft = emptyDraft();
    state.view = view;
  },
  openPanel(view?: View): void {
    if (state.phase === 'off') return;
    if (view) state.view = view;
    if (state.phase === 'failed') void enter();
    if (state.open) return;
    state.open = true;
    tell('open', { conversation: state.view.name === 'thread' ? state.view.id : null });
  },
  close(): void {
    if (!state.open) return;
    state.open = false;
    tell('close', {});
  },
  toggle(): void {
    if (state.open) this.close();
    else this.openPanel();
  },
  openConversation(id: Id): void {
    this.openPanel({ name: 'thread', id });
  },
  retry: (): void => void enter(),

  /** The page is being left, perhaps to be shown again out of the browser's memory. */
  pause(): void {
    begun?.drafts.flush();
    void begun?.cache.save().catch(() => {});
    begun?.socket.stop();
  },
  /** It is shown again as it was left: what was missed comes by the cursor. */
  resume(): void {
    if (begun) begun.socket.start(begun.socket.cursor);
    else if (state.phase === 'failed') void enter();
  },
};

/** Where the whole inbox shows the same. */
export const fullAddress = (view: View): string => `${client.origin}/app/${view.name === 'thread' ? `c/${encodeURIComponent(view.id)}` : ''}`;
export const threadAddress = (conversation: Id, root: Id): string => `${fullAddress({ name: 'thread', id: conversation })}?thread=${encodeURIComponent(root)}`;

export async function start(options: Options, page: { locale: string | null }): Promise<void> {
  stop();
  state.options = options;
  theme.wish = options.theme;
  client.token = null;
  client.renew = options.token;
  client.unauthorized = refused;
  // Until another language is there, or when it does not come, it is English.
  await Promise.all([setLocale(options.locale ?? page.locale), enter()]);
}

export async function setLocale(wish: string | null): Promise<void> {
  await i18n.use(choose([wish, ...navigator.languages]), null);
}

async function enter(): Promise<void> {
  const now = ++life;
  state.phase = 'starting';
  state.error = null;
  try {
    const me = await getMe(client);
    if (now !== life) return;
    if (!mayUse(me)) {
      state.phase = 'forbidden';
      return;
    }
    const fresh = await StaffSession.open(client, me, { ended: refused, arrived, appeared, refused: left, remembers: false });
    if (now !== life) return fresh.stop();
    begun = fresh;
    state.phase = 'loading';
    await firstSnapshot(fresh);
    if (now !== life) return fresh.stop();
    live.use(fresh);
    attention.start(me);
    state.phase = 'in';
    fresh.store.emitter.on('list', count);
    count();
    tell('ready', { user: { id: me.id, name: me.name } });
    if (wished) void compose(wished);
  } catch (error) {
    if (now === life) fail(error);
  }
}

const mayUse = (me: Me) => me.kind === 'user' && (me.super_admin || me.rights.includes('messenger'));

/** What was kept is shown at once; a browser that keeps nothing waits for the server. */
function firstSnapshot(fresh: StaffSession): Promise<void> {
  if (fresh.store.list().length > 0) return Promise.resolve();
  return new Promise((resolve) => {
    const off = fresh.store.emitter.on('next', () => {
      off();
      resolve();
    });
    // Without an answer the list says so by itself.
    setTimeout(resolve, 8_000);
  });
}

function fail(error: unknown): void {
  state.phase = 'failed';
  state.error = error;
  const problem = error instanceof ApiError ? error : new ApiError({ status: 0, code: 'unavailable', detail: String(error) });
  tell('error', { code: problem.code, detail: problem.message });
}

/** The host's token serves no more, and a new one did not either. */
function refused(): void {
  if (state.phase !== 'in' && state.phase !== 'failed') return;
  leave();
  fail(new ApiError({ status: 401, code: 'unauthorized', detail: 'The sign-in was refused' }));
}

function leave(): void {
  life += 1;
  begun?.stop();
  begun = null;
  attention.stop();
  told = '';
  state.phase = 'off';
  live.use(null);
}

export function stop(): void {
  leave();
  wished = null;
  Object.assign(state, { open: false, view: { name: 'list' }, draft: emptyDraft(), card: null, error: null });
  client.token = client.renew = null;
}

/** Signed out in the host application: nothing of the person stays in this browser. */
export async function forget(): Promise<void> {
  const ending = maybeSession();
  stop();
  await ending?.forget();
}

function count(): void {
  const counts = maybeSession()?.store.counts();
  if (!counts) return;
  const { unread, mentions } = counts;
  if (told === `${unread}/${mentions}`) return;
  told = `${unread}/${mentions}`;
  tell('unread', { unread, mentions });
}

const onScreen = (id: Id) => state.open && state.view.name === 'thread' && state.view.id === id && document.visibilityState === 'visible';

function arrived(message: Message): void {
  const here = maybeSession();
  if (message.kind !== 'text' || !message.author || message.author.id === here?.store.me?.id) return;
  const conversation = here?.store.conversation(message.conversation_id);
  const me = here?.store.me?.id;
  const mentioned = message.mentions.some((mention) => mention.user_id === me);
  const text = plain(message.html, 160) || (message.attachments?.[0]?.name ?? '');
  if (conversation) news(conversation, { id: message.id, author: message.author, text, mentioned });
}

function appeared(conversation: Conversation): void {
  const last = conversation.last_message;
  if (last?.kind === 'text' && last.author && last.author.id !== maybeSession()?.store.me?.id) {
    news(conversation, { id: last.id, author: last.author, text: last.preview, mentioned: conversation.me.mentions > 0 });
  }
}

function news(conversation: Conversation, what: Pick<News, 'id' | 'author' | 'text' | 'mentioned'>): void {
  const { id, me } = conversation;
  attention.news({ ...what, conversation, onScreen: onScreen(id), open: () => messenger.openConversation(id) });
  tell('message', { conversation: id, from: what.author.name, text: what.text, muted: me.muted });
}

function left(id: Id): void {
  if (state.view.name === 'thread' && state.view.id === id) state.view = { name: 'list' };
}

/** "Discuss": opens a conversation with these people, a draft, and the card of a record. Nothing is sent. */
export async function compose(wish: DiscussRequest): Promise<void> {
  messenger.openPanel();
  wished = state.phase === 'in' ? null : wish;
  if (wished) return;
  const now = life;
  state.busy = true;
  const found = await findPeople(client, [wish.to ?? []].flat()).catch(() => null);
  const one = found?.missing.length === 0 && found.known.length === 1 ? found.known[0] : undefined;
  const direct = one && (await directWith(client, maybeSession()?.store.list() ?? [], one));
  state.busy = false;
  if (now !== life) return;
  const related = relatedOf(wish.context);
  if (direct) {
    session().store.putConversation(direct);
    state.card = related && { id: direct.id, related };
    if (wish.text && !session().drafts.get(direct.id, 'reply')?.body) session().drafts.set(direct.id, 'reply', wish.text);
    messenger.openPanel({ name: 'thread', id: direct.id });
    return;
  }
  state.draft = { ...emptyDraft(), people: found?.known ?? [], missing: found ? found.missing : [wish.to ?? []].flat(), text: wish.text ?? '', related };
  state.view = { name: 'new' };
}

/** Sends the first message of a new conversation; an existing direct one is taken instead. */
export async function begin(title: string): Promise<void> {
  const { people: to, text, related, client_id } = state.draft;
  const user_ids = to.map((one) => one.id);
  const one = user_ids.length === 1;
  const record = related ?? undefined;
  const conversation = await openConversation(client, one ? { kind: 'direct', user_ids } : { kind: 'group', user_ids, client_id, title: title.trim() || to.map(({ name }) => name.split(' ')[0]).join(', '), related: record });
  session().store.putConversation(conversation);
  session().outbox.add(conversation.id, { body: text.trim(), related });
  state.draft = emptyDraft();
  state.view = { name: 'thread', id: conversation.id };
}
