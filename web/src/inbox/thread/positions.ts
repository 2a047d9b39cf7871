// What is remembered of a conversation during this visit, for coming back to it: where one was reading (nothing at its end), and the heights of its rows.
import type { VirtualizerHandle } from 'virtua/svelte';
import type { Id } from '$core/api';

type Snapshot = ReturnType<VirtualizerHandle['getCache']>;

export const positions = new Map<Id, number>();

interface Sizes { first: string | undefined; layout: string; snapshot: Snapshot }
const KEPT = 100;
const sizes = new Map<Id, Sizes>();
/** Heights hold for the same width and density only, and for rows counted from the same first one. */
const layoutOf = (density: string) => `${density} ${innerWidth}`;

export function keepSizes(id: Id, first: string | undefined, density: string, snapshot: Snapshot): void {
  sizes.delete(id);
  sizes.set(id, { first, layout: layoutOf(density), snapshot });
  for (const oldest of sizes.keys()) {
    if (sizes.size <= KEPT) break;
    sizes.delete(oldest);
  }
}

export function recallSizes(id: Id, first: string | undefined, density: string): Snapshot | undefined {
  const kept = sizes.get(id);
  return kept && kept.first === first && kept.layout === layoutOf(density) ? kept.snapshot : undefined;
}
