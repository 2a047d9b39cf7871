// Owns: the operations of the administration and of one's own account. The inbox itself never needs them.
import type { Client, Query } from './client';
import type {
  ApiKey, AppOptions, AuditRow, DeadJob, Device, Health, HostKey, Id, InvitationLink, Invited, Me, NewApiKey, NewHostKey, NewHostKeyInput, Page, Purge, PurgeMode,
  PurgeOutcome, PusherApp, Role, RoleChange, Setting, Store, Team, User, UserChange, Verdict,
} from './shapes';

export interface AuditQuery extends Query { action?: string; actor_id?: Id; search?: string; from?: string; to?: string; after?: string; limit?: number }

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

export const listAllUsers = (client: Client, query: { search?: string; active?: boolean }, signal?: AbortSignal) => all<User>(client, '/users', query, MOST_USERS, signal);
export const findUsers = (client: Client, search: string, signal?: AbortSignal) => client.get<Page<User>>('/users', { search: search || undefined, limit: 20 }, signal);
export const createUser = (client: Client, body: { name: string; email?: string; roles?: Id[]; bot?: boolean; password?: string }) => client.post<User>('/users', body);
export const updateUser = (client: Client, id: Id, body: UserChange) => client.patch<User>(`/users/${id}`, body);
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

export const listTeamsWithMembers = (client: Client) => client.get<Page<Team>>('/teams');
export const createTeam = (client: Client, body: { name: string; ticket_prefix?: string; members?: Id[] }) => client.post<Team>('/teams', body);
export const updateTeam = (client: Client, id: Id, body: { name?: string; ticket_prefix?: string; members?: Id[] }) => client.patch<Team>(`/teams/${id}`, body);
export const listStoresWithUsers = (client: Client) => client.get<Page<Store>>('/stores');
export const createStore = (client: Client, body: { name: string; external_id?: string; users?: Id[] }) => client.post<Store>('/stores', body);
export const deleteTeam = (client: Client, id: Id) => client.delete<void>(`/teams/${id}`);
export const deleteStore = (client: Client, id: Id) => client.delete<void>(`/stores/${id}`);
export const updateStore = (client: Client, id: Id, body: { name?: string; users?: Id[] }) => client.patch<Store>(`/stores/${id}`, body);

export const listSettings = (client: Client) => client.get<Page<Setting>>('/settings');
export const updateSettings = (client: Client, body: Record<string, number | boolean | string | null>) => client.patch<Page<Setting>>('/settings', body);
export const renameTenant = (client: Client, name: string) => client.patch<{ name: string }>('/tenant', { name });
export const listPurges = (client: Client, after?: string) => client.get<Page<Purge>>('/purges', { limit: 20, after });
export const runPurge = (client: Client, body: { before: string; mode: PurgeMode; dry_run?: boolean }) => client.call<PurgeOutcome>('POST', '/purges', { body, timeout: 600_000 });
export const listAudit = (client: Client, query: AuditQuery, signal?: AbortSignal) => client.get<Page<AuditRow>>('/audit', query, signal);

export const listApiKeys = (client: Client) => client.get<Page<ApiKey>>('/api-keys');
export const createApiKey = (client: Client, body: { name: string; user_id?: Id }) => client.post<NewApiKey>('/api-keys', body);
export const revokeApiKey = (client: Client, id: Id) => client.delete<void>(`/api-keys/${id}`);
export const listHostKeys = (client: Client) => client.get<Page<HostKey>>('/host-keys');
export const createHostKey = (client: Client, body: NewHostKeyInput) => client.post<NewHostKey>('/host-keys', body);
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
