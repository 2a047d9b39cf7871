// Owns: where the bytes of a file are, for pictures and links, which carry no header: at its address with the cookie; without one at a link
// that the server signs and that ends. Links are one person's: each client has its own.
import { getFileLink, type Client, type Id } from '.';

/** A link serves for ten minutes; it is not used to its last moment. Counted here: clocks differ. */
const USED_FOR = 8 * 60_000;

interface Links { known: Map<Id, { url: string; until: number }>; asked: Map<Id, Promise<string>> }
const links = new WeakMap<Client, Links>();

function linksOf(client: Client): Links {
  const found = links.get(client) ?? { known: new Map(), asked: new Map() };
  links.set(client, found);
  return found;
}

export const plainAddress = (client: Client, id: Id, size?: number) => client.address(`/files/${encodeURIComponent(id)}`, { size });
/** The link, if it still serves. */
export const knownLink = (client: Client, id: Id): string | null => {
  const link = linksOf(client).known.get(id);
  return link && link.until > Date.now() ? link.url : null;
};

/** `anew` when the one known before has failed. */
export async function fileLink(client: Client, id: Id, anew = false): Promise<string> {
  if (!client.renew) return plainAddress(client, id);
  const link = anew ? null : knownLink(client, id);
  if (link) return link;
  const { asked } = linksOf(client);
  let asking = asked.get(id);
  if (!asking) {
    asking = ask(client, id).finally(() => asked.delete(id));
    asked.set(id, asking);
  }
  return asking;
}

async function ask(client: Client, id: Id): Promise<string> {
  // Only the path counts: this page reaches the server where it reached it for the link.
  const { pathname, search } = new URL((await getFileLink(client, id)).url, location.href);
  const url = client.served(pathname + search);
  linksOf(client).known.set(id, { url, until: Date.now() + USED_FOR });
  return url;
}
