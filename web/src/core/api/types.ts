// The shapes of docs/protocols/native.md, with its names.

export type Id = string;
export type Kind =
  | 'direct' | 'group' | 'broadcast' | 'announcement' | 'channel' | 'support' | 'ticket'
  | 'admin_store' | 'store_customer' | 'admin_customer';
export type Status = 'active' | 'archived' | 'open' | 'pending' | 'snoozed' | 'in_progress' | 'resolved' | 'closed';
export type Priority = 'low' | 'normal' | 'high' | 'urgent';
export type Right =
  | 'group' | 'broadcast' | 'announce' | 'channel' | 'support' | 'support_all' | 'ticket' | 'administer' | 'manage_users'
  | 'manage_settings' | 'view_audit' | 'view_all' | 'store' | 'contacts' | 'import' | 'purge' | 'messenger';
export type Notify = 'all' | 'mentions' | 'none';

export interface Named { id: Id; name: string }

export interface Me {
  id: Id;
  kind: 'user' | 'contact';
  name: string;
  email: string | null;
  avatar_url: string | null;
  locale: string;
  time_zone: string;
  roles: Named[];
  teams: Named[];
  stores: Named[];
  rights: Right[];
  super_admin: boolean;
  tenant: { id: Id; slug: string; name: string };
  preferences: Record<string, unknown>;
  settings: { edit_window_seconds?: number; message_max_chars?: number; attachment_max_mb?: number } & Record<string, unknown>;
}

export interface Person { id: Id; kind: 'user' | 'contact' | 'bot' | 'system'; name: string; avatar_url: string | null }

export interface User {
  id: Id;
  kind: 'user' | 'bot';
  name: string;
  email: string | null;
  avatar_url: string | null;
  roles: Id[];
  teams: Id[];
  stores: Id[];
  active: boolean;
  created_at: string;
  /** IANA; empty until a client has told it. */
  time_zone: string;
}

export interface Contact {
  id: Id;
  name: string;
  email: string | null;
  phone: string | null;
  avatar_url: string | null;
  external_id: string | null;
  attributes: Record<string, unknown>;
  blocked: boolean;
  created_at: string;
  last_activity_at: string | null;
}

export interface Participant {
  person: Person;
  role: 'owner' | 'admin' | 'member' | 'observer';
  joined_at: string;
  left_at: string | null;
  last_read_seq: number;
  last_read_at: string | null;
  last_delivered_seq: number;
}

export interface Can {
  post: boolean;
  note: boolean;
  manage: boolean;
  invite: boolean;
  close: boolean;
  leave: boolean;
  join: boolean;
  why_not_post: string | null;
}

export interface MyPart {
  participant: boolean;
  role: Participant['role'] | null;
  unread: number;
  mentions: number;
  last_read_seq: number;
  last_delivered_seq: number;
  muted: boolean;
  notify: Notify;
  draft: boolean;
  can: Can;
  acknowledged_at: string | null;
}

export interface Related { type: string; id: string; title: string; url: string | null; picture_url: string | null }

export interface LastMessage {
  id: Id;
  seq: number;
  author: Person | null;
  preview: string;
  kind: 'text' | 'system';
  is_private_note: boolean;
  deleted?: boolean;
  system?: SystemPayload | null;
  created_at: string;
}

export interface Conversation {
  id: Id;
  kind: Kind;
  status: Status;
  title: string | null;
  slug: string | null;
  description: string | null;
  subject: string | null;
  is_private: boolean;
  replies_enabled: boolean;
  created_at: string;
  updated_at: string;
  created_by: Id | null;
  last_seq: number;
  last_activity_at: string;
  last_message: LastMessage | null;
  members_count: number;
  participants: Participant[];
  contact_id: Id | null;
  store_id: Id | null;
  team_id: Id | null;
  assignee_id: Id | null;
  priority: Priority | null;
  labels: string[];
  number: string | null;
  source: string | null;
  platform: string | null;
  linked_conversation_id: Id | null;
  related: Related | null;
  snoozed_until: string | null;
  metadata: Record<string, unknown>;
  me: MyPart;
  team_unread: number | null;
  pinned_count: number;
}

export interface ReplyTo { id: Id; seq: number; author: Person | null; preview: string; deleted: boolean }
export interface Reaction { emoji: string; count: number; users: Id[]; mine?: boolean }
export interface Attachment {
  id: Id;
  name: string;
  content_type: string;
  size: number;
  /** Of a picture, in pixels. */
  width?: number | null;
  height?: number | null;
  /** What it shows, in words. */
  description?: string | null;
}
export interface SystemPayload { type: string; [field: string]: unknown }

export interface Message {
  id: Id;
  conversation_id: Id;
  seq: number;
  kind: 'text' | 'system';
  author: Person | null;
  body: string;
  html: string;
  is_private_note: boolean;
  client_id: string | null;
  reply_to: ReplyTo | null;
  thread_root_id: Id | null;
  reply_count: number;
  mentions: { user_id: Id; name: string }[];
  related: Related | null;
  attachments: Attachment[];
  reactions: Reaction[];
  pinned_at: string | null;
  created_at: string;
  edited_at: string | null;
  deleted_at: string | null;
  system: SystemPayload | null;
  external_id: string | null;
  status: string | null;
}

export interface Page<T> { items: T[]; next: string | null }
export interface MessagePage { items: Message[]; has_before: boolean; has_after: boolean }
export interface Totals { unread: number; mentions: number; conversations: number; unmuted: number }
export interface Team { id: Id; name: string; slug: string; ticket_prefix: string | null; members: Id[] }
export interface Store { id: Id; name: string }

export interface Snapshot {
  cursor: string;
  me: Me;
  conversations: Conversation[];
  next: string | null;
  totals: Totals;
}

export interface ChangeEvent {
  /** Absent in what is only told and not kept (presence, typing). */
  seq?: number;
  type: string;
  at: string;
  conversation_id: Id | null;
  actor: Person | null;
  data: Record<string, unknown>;
}

export type PresenceStatus = 'online' | 'away' | 'busy' | 'offline';

export interface Presence {
  user_id: Id;
  status: PresenceStatus;
  busy: boolean;
  text: string | null;
  text_until: string | null;
  last_active_at: string | null;
  last_seen_at: string | null;
}

export interface Acks {
  acknowledged: number;
  total: number;
  read: number;
  items: { person: Person; read_at: string | null; acknowledged_at: string | null }[];
  next: string | null;
}

export interface Reader { person: Person; read_at: string | null }
/** A text that a message had until `replaced_at`. */
export interface HistoryEntry { version: number; body: string; html: string; editor_id: Id; replaced_at: string }
export interface Draft { conversation_id?: Id; mode: string; body: string; updated_at?: string }

export interface SearchHit {
  message: Message;
  conversation: Pick<Conversation, 'id' | 'kind' | 'title'> & Partial<Conversation>;
  snippet_html: string;
}

export interface NewConversation {
  kind: Kind;
  user_ids?: Id[];
  contact_id?: Id;
  contact?: { name: string; email?: string };
  store_id?: Id;
  team_id?: Id;
  title?: string;
  slug?: string;
  description?: string;
  subject?: string;
  is_private?: boolean;
  replies_enabled?: boolean;
  priority?: Priority;
  labels?: string[];
  linked_conversation_id?: Id;
  related?: Related;
  message?: { body: string; client_id?: string; related?: Related };
  client_id?: string;
}

export type ConversationChanges = Partial<
  Pick<Conversation,
    | 'title' | 'description' | 'subject' | 'status' | 'priority' | 'labels' | 'assignee_id' | 'team_id' | 'replies_enabled' | 'is_private' | 'snoozed_until'>
>;

export interface NewMessage {
  body: string;
  client_id: string;
  is_private_note?: boolean;
  thread_root_id?: Id;
  reply_to_id?: Id;
  related?: Related;
  attachment_ids?: Id[];
}
