// The operations of the administration and of one's own account, and their shapes. The inbox itself never needs them.
import { call, type Query } from './client';
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
  type: 'integer' | 'boolean';
  min?: number;
  max?: number;
  default: number;
  public: boolean;
  text: string;
  value: number | boolean;
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
}
export interface Device { id: string; agent: string | null; ip: string | null; current: boolean; created_at: string; seen_at: string | null; expires_at: string }
export interface InvitationLink { path: string; expires_at: string }
export interface Invited { name: string; email: string | null; tenant: string }

const get = <T>(path: string, query?: Query, signal?: AbortSignal) => call<T>('GET', path, { query, signal });
const post = <T>(path: string, body: unknown = {}) => call<T>('POST', path, { body });
const patch = <T>(path: string, body: unknown) => call<T>('PATCH', path, { body });
const put = <T>(path: string, body: unknown) => call<T>('PUT', path, { body });
const remove = <T>(path: string) => call<T>('DELETE', path);

/** Every page of a list, up to so many items. */
async function all<T>(path: string, query: Query, most: number, signal?: AbortSignal): Promise<{ items: T[]; more: boolean }> {
  const items: T[] = [];
  let after: string | undefined;
  do {
    const page = await get<Page<T>>(path, { ...query, limit: 200, after }, signal);
    items.push(...page.items);
    after = page.next ?? undefined;
  } while (after && items.length < most);
  return { items, more: after !== undefined };
}

/** As many are loaded at once; others are found by searching. */
export const MOST_USERS = 2_000;

export const admin = {
  users: (query: { search?: string; active?: boolean }, signal?: AbortSignal) => all<AdminUser>('/users', query, MOST_USERS, signal),
  findUsers: (search: string, signal?: AbortSignal) => get<Page<AdminUser>>('/users', { search: search || undefined, limit: 20 }, signal),
  createUser: (body: { name: string; email?: string; roles?: Id[]; bot?: boolean; password?: string }) => post<AdminUser>('/users', body),
  changeUser: (id: Id, body: UserChange) => patch<AdminUser>(`/users/${id}`, body),
  setPassword: (id: Id, password: string, current?: string) => put<void>(`/users/${id}/password`, { password, current }),
  signOutUser: (id: Id) => remove<void>(`/users/${id}/sessions`),
  invite: (id: Id) => post<InvitationLink>(`/users/${id}/invitation`),
  lookAtInvitation: (token: string) => post<Invited>('/invitations/look', { token }),
  acceptInvitation: (token: string, password: string) => post<{ me: Me }>('/invitations', { token, password }),

  roles: () => get<Page<Role>>('/roles'),
  createRole: (body: RoleChange & { name: string }) => post<Role>('/roles', body),
  changeRole: (id: Id, body: RoleChange) => patch<Role>(`/roles/${id}`, body),
  deleteRole: (id: Id) => remove<void>(`/roles/${id}`),
  askMatrix: (from: Id, to: Id) => get<Verdict>('/matrix/verdict', { from, to }),

  teams: () => get<Page<AdminTeam>>('/teams'),
  createTeam: (body: { name: string; ticket_prefix?: string; members?: Id[] }) => post<AdminTeam>('/teams', body),
  changeTeam: (id: Id, body: { name?: string; ticket_prefix?: string; members?: Id[] }) => patch<AdminTeam>(`/teams/${id}`, body),
  stores: () => get<Page<AdminStore>>('/stores'),
  createStore: (body: { name: string; external_id?: string; users?: Id[] }) => post<AdminStore>('/stores', body),
  deleteTeam: (id: Id) => remove<void>(`/teams/${id}`),
  deleteStore: (id: Id) => remove<void>(`/stores/${id}`),
  changeStore: (id: Id, body: { name?: string; users?: Id[] }) => patch<AdminStore>(`/stores/${id}`, body),

  settings: () => get<Page<Setting>>('/settings'),
  changeSettings: (body: Record<string, number | boolean | null>) => patch<Page<Setting>>('/settings', body),
  rename: (name: string) => patch<{ name: string }>('/tenant', { name }),
  purges: (after?: string) => get<Page<Purge>>('/purges', { limit: 20, after }),
  purge: (body: { before: string; mode: PurgeMode; dry_run?: boolean }) => call<PurgeOutcome>('POST', '/purges', { body, timeout: 600_000 }),
  audit: (query: AuditQuery, signal?: AbortSignal) => get<Page<AuditRow>>('/audit', query, signal),

  apiKeys: () => get<Page<ApiKey>>('/api-keys'),
  createApiKey: (body: { name: string; user_id?: Id }) => post<ApiKey & { key: string }>('/api-keys', body),
  revokeApiKey: (id: Id) => remove<void>(`/api-keys/${id}`),
  hostKeys: () => get<Page<HostKey>>('/host-keys'),
  createHostKey: (body: NewHostKey) => post<HostKey & { secret: string | null }>('/host-keys', body),
  removeHostKey: (id: Id) => remove<void>(`/host-keys/${id}`),
  app: () => get<PusherApp>('/app'),
  changeApp: (body: { key?: string; secret?: string; options?: AppOptions }) => put<PusherApp>('/app', body),
  health: (signal?: AbortSignal) => get<Health>('/health', {}, signal),

  devices: () => get<Page<Device>>('/me/sessions'),
  endDevice: (id: string) => remove<void>(`/me/sessions/${id}`),
  endOtherDevices: () => remove<void>('/me/sessions'),
};
