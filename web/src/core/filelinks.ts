// Where the bytes of a file are, for pictures and links, which carry no header: at its address with the cookie; without one at a link
// that the server signs and that ends.
import { api, type Id } from './api';
import { address, served, server } from './api/client';

/** A link serves for ten minutes; it is not used to its last moment. Counted here: clocks differ. */
const USED_FOR = 8 * 60_000;
const known = new Map<Id, { url: string; until: number }>();
const asked = new Map<Id, Promise<string>>();

export const plainAddress = (id: Id) => address(`/files/${encodeURIComponent(id)}`);
/** The link, if it still serves. */
export const knownLink = (id: Id): string | null => {
  const link = known.get(id);
  return link && link.until > Date.now() ? link.url : null;
};

/** `anew` when the one known before has failed. */
export async function fileLink(id: Id, anew = false): Promise<string> {
  if (!server.renew) return plainAddress(id);
  const link = anew ? null : knownLink(id);
  if (link) return link;
  let asking = asked.get(id);
  if (!asking) {
    asking = ask(id).finally(() => asked.delete(id));
    asked.set(id, asking);
  }
  return asking;
}

async function ask(id: Id): Promise<string> {
  // Only the path counts: this page reaches the server where it reached it for the link.
  const { pathname, search } = new URL((await api.fileLink(id)).url, location.href);
  const url = served(pathname + search);
  known.set(id, { url, until: Date.now() + USED_FOR });
  return url;
}
