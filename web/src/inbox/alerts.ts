// What tells of a new message when nobody looks: a short tone and the browser's own notification.
import type { Message } from '$core/api';
import { plain } from '$core/text/plain';
import { maybeSession } from './live';
import { t } from '$ui/i18n.svelte';
import { playTone } from '$ui/tone';
import { prefs } from './prefs.svelte';
import { router } from '$ui/router.svelte';

const PAUSE = 2_000;
let last = 0;

/** Whether I want to hear of it: not my own, not muted, not while I am busy or looking at it. */
function wanted(message: Message): boolean {
  const session = maybeSession();
  const me = session?.store.me;
  const conversation = session?.store.conversation(message.conversation_id);
  if (!session || !me || !conversation || message.kind !== 'text' || message.author?.id === me.id) return false;
  const { muted, notify } = conversation.me;
  if (muted || notify === 'none' || session.presence.of(me.id)?.busy) return false;
  if (notify === 'mentions' && !message.mentions.some((one) => one.user_id === me.id)) return false;
  const route = router.route;
  return !(document.hasFocus() && route.name === 'conversation' && route.id === message.conversation_id);
}

export function alertOf(message: Message): void {
  if (!wanted(message)) return;
  if (prefs.sound && Date.now() - last > PAUSE && navigator.userActivation?.hasBeenActive !== false) {
    last = Date.now();
    playTone();
  }
  if (prefs.browser && !document.hasFocus() && 'Notification' in window && Notification.permission === 'granted') show(message);
}

function show(message: Message): void {
  const title = t('me.notify_new', { name: message.author?.name ?? t('common.unknown_person') });
  // One tag a message: several open tabs show it once.
  const note = new Notification(title, { body: plain(message.html, 160), tag: message.id, icon: '/app/favicon.svg', silent: true });
  note.onclick = () => {
    window.focus();
    router.open(message.conversation_id, message.seq);
    note.close();
  };
}
