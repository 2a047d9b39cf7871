// Prints a figure beside its limit, and fails where it is missed. A busy machine is given room: `PARLOR_BENCH_ROOM` times.
import { expect } from '@playwright/test';

const ROOM = Number(process.env.PARLOR_BENCH_ROOM ?? 1);

export function report(what: string, figure: number, limit: number): void {
  console.log(`${what}: ${Math.round(figure)} ms (limit ${limit})`);
  expect.soft(figure, what).toBeLessThan(limit * ROOM);
}
