// What one changes about one's own part in a conversation. It shows at once and is taken back when the server refuses; the error is the caller's.
import { updateMyState, type Conversation, type Notify } from '$core/api';
import type { Live } from '$ui/live.svelte';

export async function changeMine({ session, client }: Live, { id, me }: Conversation, changes: { muted?: boolean; notify?: Notify }): Promise<void> {
  const { muted, notify } = me;
  session.store.changeMine(id, changes);
  try {
    await updateMyState(client, id, changes);
  } catch (error) {
    session.store.changeMine(id, { muted, notify });
    throw error;
  }
}
