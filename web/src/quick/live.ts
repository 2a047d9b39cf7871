// The quick messenger's own client and session, beside whatever else the page of the host application has.
import type { StaffSession } from '$core/sync/staffSession';
import { Live } from '$ui/live.svelte';
import { client } from './client';

export { client };
export const live = new Live(client);
/** Only for code that runs while somebody is signed in. */
export const session = (): StaffSession => live.session;
export const maybeSession = (): StaffSession | null => live.maybeSession;
