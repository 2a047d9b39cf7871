// The inbox's own client and session: it has the page to itself. What it shares with others (`ui/`, `thread/`) gets them by context instead.
import { Client } from '$core/api';
import type { StaffSession } from '$core/sync/staffSession';
import { Live } from '$ui/live.svelte';

export const client = new Client();
export const live = new Live(client);
/** Only for code that runs while somebody is signed in. */
export const session = (): StaffSession => live.session;
export const maybeSession = (): StaffSession | null => live.maybeSession;
