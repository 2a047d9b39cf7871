// The actions that the audit log knows, with words where the app has them.
import { i18n, t } from '$ui/i18n.svelte';

export const ACTIONS = [
  'forbidden_attempt', 'user.create', 'user.update', 'user.from_host', 'user.password', 'user.avatar', 'user.invite', 'user.sign_out', 'user.super_admin', 'role.update', 'role.delete',
  'team.update', 'team.delete', 'store.update', 'store.delete', 'settings.update', 'tenant.rename', 'api_key.create', 'api_key.revoke', 'host_key.create', 'host_key.remove', 'app.update', 'contact.update',
  'history.purge', 'conversation.view_as_admin', 'conversation.create', 'message.send', 'message.read', 'message.edited', 'message.deleted', 'ws.connect', 'ws.disconnect',
] as const;

/** The action in words; its own name where there are none. */
export function actionText(action: string): string {
  const key = `audit_action.${action}`;
  return i18n.knows(key) ? t(key) : action;
}
