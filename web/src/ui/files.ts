// Puts the address of a file on an element: `<img {@attach fileSource(id)}>`, `<a href={plainAddress(id)} {@attach fileTarget(id)}>`.
import type { Id } from '$core/api';
import { server } from '$core/api/client';
import { fileLink, knownLink, plainAddress } from '$core/filelinks';

/** What shows a file. A link that has ended in the meantime is asked for once more. */
export const fileSource = (id: Id) => (element: HTMLImageElement | HTMLMediaElement) => {
  if (!server.renew) {
    element.src = plainAddress(id);
    return;
  }
  let here = true;
  let renewed = false;
  const show = (anew: boolean) => fileLink(id, anew).then((url) => here && (element.src = url)).catch(() => {});
  const works = () => void (renewed = false);
  const failed = () => {
    if (renewed) return;
    renewed = true;
    void show(true);
  };
  const good = element instanceof HTMLImageElement ? 'load' : 'loadeddata';
  element.addEventListener('error', failed);
  element.addEventListener(good, works);
  if (!knownLink(id)) element.removeAttribute('src');
  void show(false);
  return () => {
    here = false;
    element.removeEventListener('error', failed);
    element.removeEventListener(good, works);
  };
};

/** What leads to a file. A link is fresh when one is about to follow it. */
export const fileTarget = (id: Id) => (element: HTMLAnchorElement) => {
  if (!server.renew) return;
  let here = true;
  const put = () => void fileLink(id).then((url) => here && (element.href = url)).catch(() => {});
  const follow = (event: Event) => {
    if (knownLink(id)) return;
    event.preventDefault();
    void openFile(id).catch(() => {});
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
export async function openFile(id: Id): Promise<void> {
  // Opened by the click itself; after an answer browsers take it for a pop-up.
  const tab = window.open('', '_blank');
  try {
    const url = new URL(await fileLink(id), location.href).href;
    if (!tab) return;
    tab.opener = null;
    tab.location.href = url;
  } catch (error) {
    tab?.close();
    throw error;
  }
}
