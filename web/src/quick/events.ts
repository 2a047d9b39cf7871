// What the page listens to: `parlor.quick('on', 'unread', …)`. A listener that fails harms nobody else.
import type { Told } from './options';

type Listener = (data: unknown) => void;
const listeners = new Map<string, Set<Listener>>();

export function on(event: string, listener: Listener): void {
  if (typeof listener !== 'function') return;
  const list = listeners.get(event) ?? new Set();
  listeners.set(event, list.add(listener));
}

/** Without a listener: all of them. */
export function off(event: string, listener?: Listener): void {
  if (listener) listeners.get(event)?.delete(listener);
  else listeners.delete(event);
}

export function tell<Event extends keyof Told>(event: Event, data: Told[Event]): void {
  for (const listener of [...(listeners.get(event) ?? [])]) {
    try {
      listener(data);
    } catch (error) {
      console.error('parlor.quick: a listener failed', error);
    }
  }
}
