// A word to the writer: names in a message that are nobody's mention nobody.
import type { Id } from '$core/api';
import { isolated } from '$core/text/i18n';
import { titleOf } from '$core/text/names';
import { i18n, t } from '$ui/i18n.svelte';
import { router } from '$ui/router.svelte';
import { toasts, UNDO_FOR } from '$ui/toast.svelte';
import { session } from './live';

/** From the server's answer to the author. Where it stands is said, unless that is what is open. */
export function tellNobody({ names_nobody, conversation_id }: { names_nobody?: string[]; conversation_id: Id }): void {
  if (!names_nobody?.length) return;
  const { route } = router;
  const { store } = session();
  const conversation = store.conversation(conversation_id);
  const elsewhere = conversation && !(route.name === 'conversation' && route.id === conversation_id);
  const names = new Intl.ListFormat(i18n.locale, { type: 'disjunction' }).format(names_nobody.slice(0, 3).map((name) => isolated(name)));
  toasts.say(elsewhere ? t('composer.nobody_in', { names, place: titleOf(conversation, store.me?.id, t(`kind.${conversation.kind}`)) }) : t('composer.nobody', { names }), UNDO_FOR);
}
