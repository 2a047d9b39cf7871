// The rights in the order and groups of the grid.
import type { Right } from '$core/api';

export const RIGHT_GROUPS: { id: 'talk' | 'customers' | 'admin'; rights: Right[] }[] = [
  { id: 'talk', rights: ['messenger', 'group', 'channel', 'broadcast', 'announce'] },
  { id: 'customers', rights: ['support', 'support_all', 'ticket', 'contacts', 'store', 'administer'] },
  { id: 'admin', rights: ['manage_users', 'manage_settings', 'view_audit', 'view_all', 'import', 'purge'] },
];
