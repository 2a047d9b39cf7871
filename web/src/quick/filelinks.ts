// Addresses of files that serve by themselves, because a picture carries no token. Asked for once, and again when one has ended.
import { api, served, type Id } from '$core/api';

const SOON = 60_000;
const known = new Map<Id, Promise<{ url: string; expires_at: string }>>();

export async function linkTo(id: Id, anew = false): Promise<string> {
  const before = anew ? undefined : await known.get(id)?.catch(() => undefined);
  const link = before && Date.parse(before.expires_at) - Date.now() > SOON ? known.get(id)! : api.fileLink(id);
  known.set(id, link);
  return new URL(served((await link).url), location.href).href;
}
