// types.ts is written by hand, because it is narrower than what OpenAPI can say. Here the compiler holds it against the generated
// schema: every shape must have exactly the fields of the server's. `npm run api` renews schema.d.ts.
import type { components } from './schema';
import type * as admin from './admin';
import type * as ours from './types';

type Schemas = components['schemas'];
type Same<Ours, Theirs> = [Exclude<keyof Ours, keyof Theirs>, Exclude<keyof Theirs, keyof Ours>] extends [never, never]
  ? true
  : { onlyOurs: Exclude<keyof Ours, keyof Theirs>; onlyTheirs: Exclude<keyof Theirs, keyof Ours> };
type Within<Ours, Theirs> = [Exclude<keyof Ours, keyof Theirs>] extends [never] ? true : { onlyOurs: Exclude<keyof Ours, keyof Theirs> };

/** Fails to compile, and names the fields, where a shape has drifted. */
export const conforms: {
  conversation: Same<ours.Conversation, Schemas['Conversation']>;
  me: Same<ours.Me, Schemas['Me']>;
  message: Same<ours.Message, Schemas['Message']>;
  lastMessage: Same<ours.LastMessage, Schemas['LastMessage']>;
  participant: Same<ours.Participant, Schemas['Participant']>;
  person: Same<ours.Person, Schemas['Person']>;
  snapshot: Same<ours.Snapshot, Schemas['Snapshot']>;
  draft: Same<ours.Draft, Schemas['Draft']>;
  newConversation: Within<ours.NewConversation, Schemas['NewConversation']>;
  attachment: Same<ours.Attachment, Schemas['Attachment']>;
  newMessage: Within<ours.NewMessage, Schemas['NewMessage']>;
  role: Same<admin.Role, Schemas['Role']>;
  verdict: Same<admin.Verdict, Schemas['Verdict']>;
  user: Same<admin.AdminUser, Schemas['User']>;
  store: Same<admin.AdminStore, Schemas['Store']>;
  purge: Same<admin.Purge, Schemas['Purge']>;
  auditRow: Same<admin.AuditRow, Schemas['AuditRow']>;
  apiKey: Same<admin.ApiKey, Schemas['ApiKey']>;
  hostKey: Same<admin.HostKey, Schemas['HostKeyView']>;
  app: Same<admin.PusherApp, Schemas['PusherApp']>;
  health: Same<admin.Health, Schemas['Health']>;
  device: Same<admin.Device, Schemas['Session']>;
  changes: Within<ours.ConversationChanges, Schemas['ConversationChange']>;
} = {
  conversation: true, me: true, message: true, lastMessage: true, participant: true, person: true, snapshot: true, draft: true, attachment: true,
  role: true, verdict: true, user: true, store: true, purge: true, auditRow: true, apiKey: true, hostKey: true, app: true, health: true, device: true,
  newConversation: true, newMessage: true, changes: true,
};
