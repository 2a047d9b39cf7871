import { createSubscriber } from 'svelte/reactivity';
import type { Observable } from '$core/store/observable';

/** Whoever calls the result runs again when the thing has changed. */
export function observed<T extends Observable>(thing: T): () => T {
  const subscribe = createSubscriber((update) => thing.subscribe(update));
  return () => {
    subscribe();
    return thing;
  };
}
