// The store of the signed-in person as reactive reads: a component that calls one of these runs again when that part changes.
import { createSubscriber } from 'svelte/reactivity';
import type { Id } from '$core/api';
import { draftTopic } from '$core/drafts';
import { outboxTopic } from '$core/outbox';
import { presenceTopic, typingTopic, viewingTopic } from '$core/presence';
import type { Session } from '$core/session';
import { topic } from '$core/store/store';
import { uploadKey, uploadTopic } from '$core/uploads';
import { Timelines } from '$core/timelines';

const current = $state<{ session: Session | null }>({ session: null });
let timelines: Timelines | null = null;
let subscriptions = new Map<string, () => void>();

export function useSession(session: Session | null): void {
  subscriptions = new Map();
  timelines = session && new Timelines(session);
  current.session = session;
}

/** The session; only for code that runs while somebody is signed in. */
export function session(): Session {
  if (!current.session) throw new Error('nobody is signed in');
  return current.session;
}

export const maybeSession = () => current.session;
export const loading = (): Timelines => timelines!;

function watch(name: string): Session {
  const here = session();
  let subscribe = subscriptions.get(name);
  if (!subscribe) {
    subscribe = createSubscriber((update) => here.store.topics.on(name, update));
    subscriptions.set(name, subscribe);
  }
  subscribe();
  return here;
}

export const live = {
  me: () => watch(topic.me).store.me!,
  list: () => watch(topic.list).store.list(),
  counts: () => watch(topic.list).store.counts(),
  conversation: (id: Id) => watch(topic.conversation(id)).store.conversation(id),
  timeline: (id: Id) => watch(topic.timeline(id)).store.timeline(id),
  person: (id: Id) => watch(topic.people).store.person(id),
  people: () => watch(topic.people).store.people(),
  teams: () => watch(topic.teams).store.teams(),
  presence: (id: Id) => watch(presenceTopic(id)).presence.of(id),
  status: (id: Id) => watch(presenceTopic(id)).presence.status(id),
  typing: (id: Id) => watch(typingTopic(id)).presence.typing(id),
  viewing: (id: Id) => watch(viewingTopic(id)).presence.viewing(id),
  waiting: (id: Id) => watch(outboxTopic(id)).outbox.of(id),
  waitingCount: () => watch('outbox').outbox.waiting,
  failedIn: (id: Id) => watch(outboxTopic(id)).outbox.of(id).some((entry) => entry.failed),
  draft: (id: Id, mode: string) => watch(draftTopic(id)).drafts.get(id, mode),
  uploads: (id: Id, mode: string) => watch(uploadTopic(uploadKey(id, mode))).uploads.of(uploadKey(id, mode)),
  drafts: () => watch('drafts').drafts.list(),
  hasDraft: (id: Id) => watch(draftTopic(id)).drafts.has(id),
  connection: () => watch('connection').state,
  transport: () => watch('connection').socket.transport,
  hasMore: () => Boolean(watch('next').next),
  loaded: () => watch('next').next !== undefined,
  acks: (id: Id) => watch(`acks:${id}`).store.conversation(id)?.last_activity_at,
};
