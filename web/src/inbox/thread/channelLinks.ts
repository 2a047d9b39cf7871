// `#launch` and `#DEV-042` in a message lead to the channel or ticket, where the reader has it in the inbox.
import type { Conversation, Id } from '$core/api';
import { folded } from '$core/text/names';
import { session } from '../live';
import { href } from '$ui/router.svelte';

const known = new WeakMap<readonly Conversation[], Map<string, Id>>();

function names(): Map<string, Id> {
  const list = session().store.list();
  let map = known.get(list);
  if (!map) {
    map = new Map(list.flatMap((one) => [one.slug, one.number].flatMap((name) => (name ? [[folded(name), one.id] as const] : []))));
    known.set(list, map);
  }
  return map;
}

const PATTERN = /(?<![\p{L}\p{N}_/#&])#([\p{L}\p{N}][\p{L}\p{N}_-]*)/gu;

export function linkChannels(box: HTMLElement): void {
  if (!box.textContent?.includes('#')) return;
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    if (text.data.includes('#') && !text.parentElement?.closest('a, code, pre')) texts.push(text);
  }
  for (const text of texts) linkIn(text);
}

function linkIn(text: Text): void {
  const pieces: (string | Node)[] = [];
  let end = 0;
  for (const match of text.data.matchAll(PATTERN)) {
    const id = names().get(folded(match[1]!));
    if (!id) continue;
    const link = document.createElement('a');
    link.href = href({ name: 'conversation', id });
    link.textContent = match[0];
    pieces.push(text.data.slice(end, match.index), link);
    end = match.index + match[0].length;
  }
  if (pieces.length) text.replaceWith(...pieces, text.data.slice(end));
}
