// The inbox's own client and session: it has the page to itself. What it shares with others (`ui/`, `thread/`) gets them by context instead.
import { Client, type Id } from '$core/api';
import type { StaffSession } from '$core/sync/staffSession';
import { Live } from '$ui/live.svelte';

export const client = new Client();

/** What only the inbox shows. */
class InboxLive extends Live {
  people = () => this.watch('people').store.people();
  teams = () => this.watch('teams').store.teams();
  acks = (id: Id) => this.watch(`acks:${id}`).store.conversation(id)?.last_activity_at;
  viewing = (id: Id) => this.watch(`viewing:${id}`).presence.viewing(id);
  drafts = () => this.watch('drafts').drafts.list();
}
export const live = new InboxLive(client);
/** Only for code that runs while somebody is signed in. */
export const session = (): StaffSession => live.session;
export const maybeSession = (): StaffSession | null => live.maybeSession;
