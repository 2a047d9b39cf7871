// The shortcuts that work anywhere. Those of a message row and of the composer live with them.
import { match } from '$core/text/keys';
import { session } from './live';
import { prefs } from './prefs.svelte';
import { router } from '$ui/router.svelte';
import { app, openConversation, openId } from './app.svelte';
import { listOrder } from './list/list.svelte';
import { run, type TriageId } from './triage';

const actions: Record<string, () => void> = {
  palette: () => app.show(app.dialog === 'palette' ? null : 'palette'),
  help: () => app.show('keys'),
  new: () => app.show('new'),
  search: () => router.go({ name: 'search', query: '', in: openId() ?? undefined }),
  previous: () => step(-1, false),
  next: () => step(1, false),
  previous_unread: () => step(-1, true),
  next_unread: () => step(1, true),
  first_unread: () => jumpToUnread(),
  regions: () => nextRegion(),
  resolve: () => work('resolve'),
  snooze: () => work('snooze'),
  assign: () => work('assign'),
  label: () => work('label'),
  ticket: () => work('ticket'),
  mute: () => work('mute'),
  details: () => (app.details = !app.details),
  drafts: () => router.go({ name: 'drafts' }),
};

/** The conversation that is open, or the one that the list has the focus on. */
function work(id: TriageId): void {
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset['conversation'] : undefined;
  run(id, focused ? session().store.conversation(focused) : openConversation());
}

export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented) return;
  const id = match(event, 'global', prefs.singleKeys);
  if (!id || (app.dialog && id !== 'palette')) return;
  // An open menu or popover has the keyboard for itself.
  if (id !== 'palette' && event.target instanceof HTMLElement && event.target.closest('[role=menu],[role=dialog],[role=listbox]')) return;
  event.preventDefault();
  actions[id]?.();
}

function step(by: number, unreadOnly: boolean): void {
  const all = listOrder();
  const here = all.findIndex((one) => one.id === openId());
  for (let at = here < 0 && by < 0 ? all.length - 1 : here + by; at >= 0 && at < all.length; at += by) {
    if (!unreadOnly || all[at]!.me.unread > 0) return router.open(all[at]!.id);
  }
}

function jumpToUnread(): void {
  const open = openConversation();
  if (open && open.me.unread > 0) return router.open(open.id, open.me.last_read_seq + 1);
  const next = session().store.list().find((one) => one.me.unread > 0 && !one.me.muted);
  if (next) router.open(next.id);
}

/** F6: from one landmark to the next. */
function nextRegion(): void {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter((one) => one.offsetParent !== null || one.getClientRects().length > 0);
  const here = regions.findIndex((one) => one.contains(document.activeElement));
  regions[(here + 1) % regions.length]?.focus();
}
