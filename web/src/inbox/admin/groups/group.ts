// A team or a store, as the pages that list them see it.
import type { Id } from '$core/api';

export interface Group { id: Id; name: string; code: string | null; members: Id[] }
export const byName = (groups: Group[]): Group[] => [...groups].sort((a, b) => a.name.localeCompare(b.name));
/** The second text of a group: a team's prefix, a store's id in the host application. */
export interface Code { label: string; hint: string; fixed: boolean; field: string }
