// Short messages at the lower edge, with an optional Undo.
import { ApiError } from '$core/api';
import { t } from './i18n.svelte';
import { reasonOf } from './errors';

export interface Toast { id: number; text: string; tone: 'plain' | 'danger'; undo?: () => void; dismiss: () => void }

const state = $state<{ list: Toast[] }>({ list: [] });
const timers = new Map<number, ReturnType<typeof setTimeout>>();
let last = 0;
const STAY = 4_000;
export const UNDO_FOR = 8_000;

function add(toast: Omit<Toast, 'id' | 'dismiss'>, stay: number, after?: () => void): number {
  const id = ++last;
  const dismiss = () => {
    remove(id);
    after?.();
  };
  state.list = [...state.list.slice(-2), { ...toast, id, dismiss }];
  timers.set(id, setTimeout(dismiss, stay));
  return id;
}

function remove(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  state.list = state.list.filter((toast) => toast.id !== id);
}

export const toasts = {
  get list(): Toast[] {
    return state.list;
  },
  say: (text: string, stay = STAY) => void add({ text, tone: 'plain' }, stay),
  failed(error: unknown): void {
    if (error instanceof ApiError && error.status === 401) return;
    add({ text: t('action.failed', { reason: reasonOf(error) }), tone: 'danger' }, UNDO_FOR);
  },
  /** Does `work` after eight seconds, unless Undo is pressed; at once when the page goes away. */
  undoable(text: string, work: () => void, undo: () => void): void {
    let open = true;
    const finish = () => {
      if (!open) return;
      open = false;
      removeEventListener('pagehide', finish);
      remove(id); // a page that comes back offers no Undo any more
      work();
    };
    addEventListener('pagehide', finish);
    const taken = () => {
      open = false;
      removeEventListener('pagehide', finish);
      remove(id);
      undo();
    };
    const id = add({ text, tone: 'plain', undo: taken }, UNDO_FOR, finish);
  },
};
