import { ask } from '$ui/confirm.svelte';
import { session } from './live';
import { t } from '$ui/i18n.svelte';
import { signOut } from './app.svelte';

/** Signing out clears this browser: ask first when that would lose messages. */
export async function askSignOut(): Promise<void> {
  const count = session().outbox.waiting;
  const sure = count === 0 || (await ask({ title: t('me.sign_out'), text: t('me.sign_out_waiting', { count }), yes: t('me.sign_out') }));
  if (sure) await signOut();
}
