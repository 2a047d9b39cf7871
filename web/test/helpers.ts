import type { ChangeEvent, Conversation, Me, Message, MyPart, Person, Snapshot, User } from '../src/core/api/shapes';

export const ana: Person = { id: 'ana', kind: 'user', name: 'Ana Lima', avatar_url: null };
export const ben: Person = { id: 'ben', kind: 'user', name: 'Ben Roth', avatar_url: null };

export const user = (person: Person): User => ({
  ...person, email: null, roles: [], teams: [], stores: [], active: true, super_admin: false, created_at: '2026-01-01T00:00:00Z', time_zone: '',
});

export const me: Me = {
  id: 'ana', kind: 'user', name: 'Ana Lima', email: 'ana@example.com', avatar_url: null, locale: 'en', time_zone: 'UTC', roles: [], teams: [], stores: [],
  rights: [], super_admin: false, tenant: { id: 't', slug: 'default', name: 'Demo' }, preferences: {},
  settings: {
    edit_window_seconds: 86_400, message_max_chars: 20_000, away_after_seconds: 300, offline_after_seconds: 0, message_notifications: false,
    attachment_max_mb: 25, picture_max_mb: 10, message_files_max_mb: 50, common_files_only: false, erp_enabled: false,
  },
};

export const myPart = (part: Partial<MyPart> = {}): MyPart => ({
  participant: true, role: 'member', unread: 0, mentions: 0, last_read_seq: 0, last_delivered_seq: 0, muted: false, notify: 'all', draft: false,
  can: { post: true, note: false, manage: false, invite: false, close: false, leave: true, join: false, why_not_post: null },
  acknowledged_at: null, ...part,
});

export const conversation = (part: Partial<Conversation> = {}): Conversation => ({
  id: 'c1', kind: 'group', status: 'active', title: 'Launch', slug: null, description: null, subject: null, is_private: true, replies_enabled: true,
  created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', created_by: 'ana', last_seq: 0, last_activity_at: '2026-01-01T00:00:00Z',
  last_message: null, members_count: 2, contact_id: null, store_id: null, team_id: null, assignee_id: null, priority: null, labels: [], number: null,
  source: null, platform: null, linked_conversation_id: null, related: null, snoozed_until: null, metadata: {}, team_unread: null, pinned_count: 0,
  participants: [ana, ben].map((person) => ({
    person, role: 'member' as const, joined_at: '2026-01-01T00:00:00Z', left_at: null, last_read_seq: 0, last_read_at: null, last_delivered_seq: 0,
  })),
  me: myPart(), ...part,
});

export const message = (seq: number, part: Partial<Message> = {}): Message => ({
  id: `m${seq}`, conversation_id: 'c1', seq, kind: 'text', author: ben, body: `message ${seq}`, html: `<p>${part.body ?? `message ${seq}`}</p>`, is_private_note: false,
  client_id: null, reply_to: null, thread_root_id: null, reply_count: 0, mentions: [], attachments: [], related: null, reactions: [], pinned_at: null,
  created_at: `2026-01-01T00:${String(seq).padStart(2, '0')}:00Z`, edited_at: null, deleted_at: null, system: null, external_id: null, status: null, ...part,
});

export type Of<Type> = Extract<ChangeEvent, { type: Type }>;

/** An event of the log. A type parameter cannot tell the compiler which of the union this is. */
export const event = <Type extends ChangeEvent['type']>(seq: number, type: Type, data: Of<Type>['data']): Of<Type> =>
  ({ seq, type, at: '2026-01-01T01:00:00Z', conversation_id: 'c1', actor: ben, data }) as Of<Type>;

export const posted = (seq: number, posted: Message) =>
  event(seq, 'message.posted', { message: posted, conversation: { last_seq: posted.seq, last_activity_at: posted.created_at }, author_read_seq: null });

export const snapshot = (conversations: Conversation[], seq = 10): Snapshot => ({
  cursor: `${seq}.e.sig`, me, conversations, next: null, totals: { unread: 0, mentions: 0, conversations: 0, unmuted: 0 },
});
