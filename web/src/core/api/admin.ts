// The operations of the administration and of one's own account, and their shapes. The inbox itself never needs them.
import type { Client, Query } from './client';
import type { Id, Me, Page, Right, User } from './types';

export interface Role { id: Id; name: string; rights: Right[]; restricted: boolean; is_default: boolean; writes_to: Id[] }
export interface RoleChange { name?: string; rights?: Right[]; restricted?: boolean; writes_to?: Id[]; is_default?: boolean }
export type Because = 'oneself' | 'unrestricted' | 'cell' | 'no_cell' | 'inactive';
export interface Verdict { allowed: boolean; because: Because; from_role: Id | null; to_role: Id | null }
export interface AdminUser extends User { super_admin: boolean }
export interface UserChange { name?: string; email?: string; roles?: Id[]; teams?: Id[]; stores?: Id[]; active?: boolean }
export interface AdminTeam { id: Id; name: string; slug: string; ticket_prefix: string; members: Id[] }
export interface AdminStore { id: Id; name: string; external_id: string | null; users: Id[] }
export interface Setting {
  key: string;
  environment: string;
  type: 'integer' | 'boolean' | 'text' | 'choice' | 'secret';
  min?: number;
  max?: number;
  max_chars?: number;
  choices?: string[];
  default: number | string | null;
  public: boolean;
  text: string;
  /** Of a secret: whether it is set. */
  value: number | boolean | string;
  source: 'tenant' | 'environment' | 'default';
}
export type PurgeMode = 'logical' | 'permanent';
export interface Purge { id: Id; admin_id: Id | null; executed_at: string; cutoff: string; mode: PurgeMode; rows_deleted: number }
export interface PurgeOutcome { rows: number; purge: Purge | null }
export interface AuditRow {
  id: Id;
  at: string;
  actor_id: Id | null;
  actor_kind: string;
  actor_name: string | null;
  action: string;
  entity_type: string | null;
  entity_id: string | null;
  details: unknown;
  ip: string | null;
}
export interface AuditQuery extends Query { action?: string; actor_id?: Id; search?: string; from?: string; to?: string; after?: string; limit?: number }
export interface ApiKey { id: Id; name: string; user_id: Id; created_at: string; used_at: string | null; revoked_at: string | null }
export type Purpose = 'host' | 'mercure' | 'mercure-publisher' | 'mercure-subscriber';
export type HostKeyKind = 'hs256' | 'pem' | 'jwks' | 'jwks_url';
export interface HostKey { id: Id; purpose: Purpose; kind: HostKeyKind; kid: string | null; url: string | null; created_at: string }
export interface NewHostKey { purpose: Purpose; kind: HostKeyKind; kid?: string; secret?: string }
export interface Webhook { url: string; events: string[] }
export interface AppOptions {
  enabled: boolean;
  client_events: boolean;
  subscription_counts: boolean;
  authorize_within: number;
  max_connections: number;
  client_auth: string[];
  encryption_master_key: string | null;
  webhooks: Webhook[];
}
export interface PusherApp { id: string; key: string; secret: string | null; options: AppOptions; created_at: string }
export interface Health {
  version: string;
  started_at: string;
  at: string;
  nodes: number;
  redis: 'connected' | 'lost' | null;
  protocols: { protocol: string; connections: number; deliveries: number; resyncs: number }[];
  events: number;
  messages: number;
  queue_waiting: number;
  queue_longest: number;
  database: {
    engine: 'sqlite' | 'postgres';
    bytes: number | null;
    commit_ms: number;
    read_ms: number;
    commits: number;
    operations: number;
    reads: number;
    retries: number;
    writes_waiting: number;
    reads_waiting: number;
  };
  jobs: { job: string; lag_seconds: number }[];
  /** Of all tenants. */
  job_totals: { waiting: number; running: number; dead: number };
}
export interface DeadJob { id: Id; kind: string; attempts: number; error?: string | null; created_at: string; dead_at: string }
export interface Device { id: string; agent: string | null; ip: string | null; current: boolean; created_at: string; seen_at: string | null; expires_at: string }
export interface InvitationLink { path: string; expires_at: string }
export interface Invited { name: string; email: string | null; tenant: string }

/** Every page of a list, up to so many items. */
async function all<T>(client: Client, path: string, query: Query, most: number, signal?: AbortSignal): Promise<{ items: T[]; more: boolean }> {
  const items: T[] = [];
  let after: string | undefined;
  do {
    const page = await client.get<Page<T>>(path, { ...query, limit: 200, after }, signal);
    items.push(...page.items);
    after = page.next ?? undefined;
  } while (after && items.length < most);
  return { items, more: after !== undefined };
}

/** As many are loaded at once; others are found by searching. */
export const MOST_USERS = 2_000;

export const listAllUsers = (client: Client, query: { search?: string; active?: boolean }, signal?: AbortSignal) => all<AdminUser>(client, '/users', query, MOST_USERS, signal);
export const findUsers = (client: Client, search: string, signal?: AbortSignal) => client.get<Page<AdminUser>>('/users', { search: search || undefined, limit: 20 }, signal);
export const createUser = (client: Client, body: { name: string; email?: string; roles?: Id[]; bot?: boolean; password?: string }) => client.post<AdminUser>('/users', body);
export const updateUser = (client: Client, id: Id, body: UserChange) => client.patch<AdminUser>(`/users/${id}`, body);
export const setPassword = (client: Client, id: Id, password: string, current?: string) => client.put<void>(`/users/${id}/password`, { password, current });
export const signOutUser = (client: Client, id: Id) => client.delete<void>(`/users/${id}/sessions`);
export const createInvitation = (client: Client, id: Id) => client.post<InvitationLink>(`/users/${id}/invitation`);
export const getInvitation = (client: Client, token: string) => client.post<Invited>('/invitations/look', { token });
export const acceptInvitation = (client: Client, token: string, password: string) => client.post<{ me: Me }>('/invitations', { token, password });

export const listRoles = (client: Client) => client.get<Page<Role>>('/roles');
export const createRole = (client: Client, body: RoleChange & { name: string }) => client.post<Role>('/roles', body);
export const updateRole = (client: Client, id: Id, body: RoleChange) => client.patch<Role>(`/roles/${id}`, body);
export const deleteRole = (client: Client, id: Id) => client.delete<void>(`/roles/${id}`);
export const getVerdict = (client: Client, from: Id, to: Id) => client.get<Verdict>('/matrix/verdict', { from, to });

export const listTeamsWithMembers = (client: Client) => client.get<Page<AdminTeam>>('/teams');
export const createTeam = (client: Client, body: { name: string; ticket_prefix?: string; members?: Id[] }) => client.post<AdminTeam>('/teams', body);
export const updateTeam = (client: Client, id: Id, body: { name?: string; ticket_prefix?: string; members?: Id[] }) => client.patch<AdminTeam>(`/teams/${id}`, body);
export const listStoresWithUsers = (client: Client) => client.get<Page<AdminStore>>('/stores');
export const createStore = (client: Client, body: { name: string; external_id?: string; users?: Id[] }) => client.post<AdminStore>('/stores', body);
export const deleteTeam = (client: Client, id: Id) => client.delete<void>(`/teams/${id}`);
export const deleteStore = (client: Client, id: Id) => client.delete<void>(`/stores/${id}`);
export const updateStore = (client: Client, id: Id, body: { name?: string; users?: Id[] }) => client.patch<AdminStore>(`/stores/${id}`, body);

export const listSettings = (client: Client) => client.get<Page<Setting>>('/settings');
export const updateSettings = (client: Client, body: Record<string, number | boolean | string | null>) => client.patch<Page<Setting>>('/settings', body);
export const renameTenant = (client: Client, name: string) => client.patch<{ name: string }>('/tenant', { name });
export const listPurges = (client: Client, after?: string) => client.get<Page<Purge>>('/purges', { limit: 20, after });
export const runPurge = (client: Client, body: { before: string; mode: PurgeMode; dry_run?: boolean }) => client.call<PurgeOutcome>('POST', '/purges', { body, timeout: 600_000 });
export const listAudit = (client: Client, query: AuditQuery, signal?: AbortSignal) => client.get<Page<AuditRow>>('/audit', query, signal);

export const listApiKeys = (client: Client) => client.get<Page<ApiKey>>('/api-keys');
export const createApiKey = (client: Client, body: { name: string; user_id?: Id }) => client.post<ApiKey & { key: string }>('/api-keys', body);
export const revokeApiKey = (client: Client, id: Id) => client.delete<void>(`/api-keys/${id}`);
export const listHostKeys = (client: Client) => client.get<Page<HostKey>>('/host-keys');
export const createHostKey = (client: Client, body: NewHostKey) => client.post<HostKey & { secret: string | null }>('/host-keys', body);
export const deleteHostKey = (client: Client, id: Id) => client.delete<void>(`/host-keys/${id}`);
export const getPusherApp = (client: Client) => client.get<PusherApp>('/app');
export const updatePusherApp = (client: Client, body: { key?: string; secret?: string; options?: AppOptions }) => client.put<PusherApp>('/app', body);
export const getHealth = (client: Client, signal?: AbortSignal) => client.get<Health>('/health', {}, signal);
export const listDeadJobs = (client: Client) => client.get<Page<DeadJob>>('/jobs/dead');
export const retryDeadJob = (client: Client, id: Id) => client.post<void>(`/jobs/dead/${id}/retry`);
export const discardDeadJob = (client: Client, id: Id) => client.delete<void>(`/jobs/dead/${id}`);

export const listSessions = (client: Client) => client.get<Page<Device>>('/me/sessions');
export const endSession = (client: Client, id: string) => client.delete<void>(`/me/sessions/${id}`);
export const endOtherSessions = (client: Client) => client.delete<void>('/me/sessions');
