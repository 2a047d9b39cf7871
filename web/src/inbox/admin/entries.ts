// The pages of the administration by name, group and right: what the rail and the palette must know. Their icons and
// code are in pages.ts, which loads with the administration.
import type { Me, Right } from '$core/api';

export type AdminPage =
  | 'users' | 'roles' | 'matrix' | 'teams' | 'stores' | 'settings' | 'retention' | 'audit' | 'api-keys' | 'host-keys' | 'realtime' | 'health';
export type AdminGroup = 'people' | 'rules' | 'developers' | 'system';

export const RIGHT_OF: Record<AdminPage, Right> = {
  users: 'manage_users', roles: 'manage_users', matrix: 'manage_users', teams: 'manage_users', stores: 'manage_users', settings: 'manage_settings',
  retention: 'purge', audit: 'view_audit', 'api-keys': 'manage_settings', 'host-keys': 'manage_settings', realtime: 'manage_settings', health: 'manage_settings',
};
export const may = (me: Me, page: AdminPage): boolean => me.super_admin || me.rights.includes(RIGHT_OF[page]);
export const allowed = (me: Me): AdminPage[] => (Object.keys(RIGHT_OF) as AdminPage[]).filter((page) => may(me, page));
/** Whether there is anything to administer for this person. */
export const administers = (me: Me): boolean => allowed(me).length > 0;
