// Puts the address of a file on an element: `<img {@attach fileSource(client, id)}>`, `<a href={plainAddress(client, id)} {@attach fileTarget(client, id)}>`.
import type { Client, Id } from '$core/api';
import { fileLink, knownLink, plainAddress } from '$core/api/fileLinks';

/** What shows a file, or a small picture of it. A link that has ended in the meantime is asked for once more. */
export const fileSource = (client: Client, id: Id, size?: number) => (element: HTMLImageElement | HTMLMediaElement) => {
  if (!client.renew) {
    element.src = plainAddress(client, id, size);
    return;
  }
  let here = true;
  let renewed = 0;
  const show = (anew: boolean) => fileLink(client, id, anew).then((url) => here && (element.src = size ? `${url}&size=${size}` : url)).catch(() => {});
  const failed = () => {
    // Twice within a minute is no link that has ended.
    if (Date.now() - renewed < 60_000) return;
    renewed = Date.now();
    void show(true);
  };
  element.addEventListener('error', failed);
  if (!knownLink(client, id)) element.removeAttribute('src');
  void show(false);
  return () => {
    here = false;
    element.removeEventListener('error', failed);
  };
};

/** What leads to a file. A link is fresh when one is about to follow it. */
export const fileTarget = (client: Client, id: Id) => (element: HTMLAnchorElement) => {
  if (!client.renew) return;
  let here = true;
  const put = () => void fileLink(client, id).then((url) => here && (element.href = url)).catch(() => {});
  const follow = (event: Event) => {
    if (knownLink(client, id)) return;
    event.preventDefault();
    void openFile(client, id).catch(() => {});
  };
  element.addEventListener('pointerenter', put);
  element.addEventListener('focus', put);
  element.addEventListener('click', follow);
  return () => {
    here = false;
    element.removeEventListener('pointerenter', put);
    element.removeEventListener('focus', put);
    element.removeEventListener('click', follow);
  };
};

/** Opens a file in a tab of its own. */
export async function openFile(client: Client, id: Id): Promise<void> {
  // Opened by the click itself; after an answer browsers take it for a pop-up.
  const tab = window.open('', '_blank');
  try {
    const url = new URL(await fileLink(client, id), location.href).href;
    if (!tab) return;
    tab.opener = null;
    tab.location.href = url;
  } catch (error) {
    tab?.close();
    throw error;
  }
}
