// Owns: the names by which the apps call the shapes of the API. What each of them is stands in schema.d.ts, generated from docs/api/openapi.json.
import type { components } from './schema';

type Schemas = components['schemas'];

export type Id = string;
export type Kind = Schemas['Kind'];
export type Status = Schemas['ConversationStatus'];
export type Priority = Schemas['Priority'];
export type Notify = Schemas['Notify'];
export type Right = Schemas['Right'];

export type Me = Schemas['Me'];
export type Named = Me['roles'][number];
export type Person = Schemas['Person'];
export type User = Schemas['User'];
export type Contact = Schemas['Contact'];
export type Team = Schemas['Team'];
export type Store = Schemas['Store'];
export type Presence = Schemas['PresenceView'];
export type PresenceStatus = Schemas['PresenceStatus'];

export type Conversation = Schemas['Conversation'];
export type Participant = Schemas['Participant'];
export type MyPart = Schemas['ConversationMe'];
export type Can = Schemas['Can'];
export type LastMessage = Schemas['LastMessage'];
export type Related = Schemas['Related'];
export type Totals = Schemas['Totals'];
export type Draft = Schemas['Draft'];
export type NewConversation = Schemas['NewConversation'];
export type ConversationChange = Schemas['ConversationChange'];

/** `mine` is the store's: one event serves everybody. */
export type Reaction = Schemas['Reaction'] & { mine?: boolean };
export type Message = Omit<Schemas['Message'], 'reactions'> & { reactions: Reaction[] };
export type ReplyTo = Schemas['Quote'];
export type Attachment = Schemas['Attachment'];
export type UploadAddress = Schemas['UploadAddress'];
export type SystemMessage = Schemas['SystemMessage'];
export type NewMessage = Schemas['NewMessage'];
export type HistoryEntry = Schemas['Edit'];
export type Reader = Schemas['Reader'];
export type Acks = Schemas['Acks'];
export type SearchHit = Schemas['Hit'];

export type Page<T> = Omit<Schemas['Page_Message'], 'items'> & { items: T[] };
export type MessagePage = Schemas['MessagePage'];
export type Snapshot = Schemas['Snapshot'];
export type ChangeEvent = Schemas['Event'];

export type Role = Schemas['Role'];
export type RoleChange = Schemas['RoleChange'];
export type Verdict = Schemas['Verdict'];
export type Because = Schemas['Because'];
export type UserChange = Schemas['UserChange'];
export type Setting = Schemas['SettingView'];
export type SettingShape = Schemas['Shape'];
export type Purge = Schemas['Purge'];
export type PurgeMode = Schemas['PurgeMode'];
export type PurgeOutcome = Schemas['Outcome'];
export type AuditRow = Schemas['AuditRow'];
export type ApiKey = Schemas['ApiKey'];
export type NewApiKey = Schemas['NewKey'];
export type HostKey = Schemas['HostKeyView'];
export type HostKeyKind = Schemas['HostKeyKind'];
export type Purpose = Schemas['HostKeyPurpose'];
export type NewHostKey = Schemas['NewHostKey'];
export type NewHostKeyInput = Schemas['HostKeyCreation'];
export type AppOptions = Schemas['Options'];
export type PusherApp = Schemas['PusherApp'];
export type Health = Schemas['Health'];
export type DeadJob = Schemas['DeadJob'];
export type Device = Schemas['Session'];
export type InvitationLink = Schemas['InvitationLink'];
export type Invited = Schemas['Invited'];
