// Changes of roles, shown at once and saved one after the other; a refusal takes the role back to what the server has.
import type { Role } from '$core/api';
import { updateRole } from '$core/api/admin';
import { toasts } from '$ui/toast.svelte';
import { client } from '../../live';
import type { Resource } from '../resource.svelte';

/** What of a role is edited here. */
type Edited = Partial<Omit<Role, 'id'>>;

/** One order for all pages: what moves on the screen loses the keyboard. */
export const sorted = (roles: Role[]): Role[] => [...roles].sort((a, b) => a.name.localeCompare(b.name));

export function changes(all: Resource<Role[]>, saved: () => void = () => {}) {
  let chain: Promise<void> = Promise.resolve();
  const waiting = new Map<string, number>();

  function put(role: Role): void {
    const others = (all.value ?? []).filter((one) => one.id !== role.id).map((one) => (role.is_default ? { ...one, is_default: false } : one));
    all.value = sorted([...others, role]);
  }

  async function save(id: string, body: Edited): Promise<void> {
    try {
      const role = await updateRole(client, id, body);
      // A later change is on its way: its answer is the one to show.
      if (waiting.get(id) === 1) put(role);
      saved();
    } catch (error) {
      toasts.failed(error);
      await all.reload();
    }
    waiting.set(id, (waiting.get(id) ?? 1) - 1);
  }

  function change(role: Role, body: Edited): void {
    put({ ...role, ...body });
    waiting.set(role.id, (waiting.get(role.id) ?? 0) + 1);
    chain = chain.then(() => save(role.id, body));
  }
  return { put, change };
}
