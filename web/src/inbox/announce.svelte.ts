// New messages for screen readers: one hidden log, at most one line every two seconds. History is never read out.
import type { Message } from '$core/api';
import { plain } from '$core/text/plain';
import { t } from '$ui/i18n.svelte';
import { maybeSession } from './live';

const PAUSE = 2_000;
const KEEP = 5;
const state = $state<{ lines: { id: number; text: string }[] }>({ lines: [] });
let queue: Message[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
let last = 0;

export function announce(message: Message): void {
  if (message.kind !== 'text' || message.author?.id === maybeSession()?.store.me?.id) return;
  queue.push(message);
  timer ??= setTimeout(speak, queue.length === 1 ? 100 : PAUSE);
}

function speak(): void {
  const [first, ...rest] = queue;
  queue = [];
  timer = undefined;
  if (!first) return;
  const text = rest.length
    ? t('live.many', { count: rest.length + 1 })
    : t('live.message', { name: first.author?.name ?? t('common.unknown_person'), text: plain(first.html, 200) });
  state.lines = [...state.lines.slice(1 - KEEP), { id: ++last, text }];
  timer = setTimeout(() => {
    timer = undefined;
    if (queue.length) speak();
  }, PAUSE);
}

export const spoken = {
  get lines() {
    return state.lines;
  },
};
