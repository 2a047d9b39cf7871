// Figures of the system in words, and what of them is worth a warning. Pure.
import type { Health } from '$core/api';

export function bytes(count: number, locale: string): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  let at = 0;
  let value = count;
  while (value >= 1000 && at < units.length - 1) (value /= 1000), (at += 1);
  return new Intl.NumberFormat(locale, { style: 'unit', unit: units[at], unitDisplay: 'short', maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

/** The two largest units: "3 days, 4 hr". */
export function duration(ms: number, locale: string): string {
  const parts: [Intl.NumberFormatOptions['unit'], number][] = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]];
  let rest = Math.max(0, Math.round(ms / 1000));
  const words: string[] = [];
  for (const [unit, size] of parts) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if ((count > 0 && words.length < 2) || (unit === 'second' && words.length === 0)) words.push(new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(count));
  }
  return words.join(' ');
}

export type Warning = 'redis' | 'commit' | 'jobs' | 'queue' | 'dead';
export function verdictOf(now: Health, dead = 0): Warning[] {
  const found: Warning[] = [];
  if (now.redis === 'lost') found.push('redis');
  if (now.database.commit_ms > 500 || now.database.writes_waiting > 1_000) found.push('commit');
  if (now.jobs.some((job) => job.lag_seconds > 60)) found.push('jobs');
  if (now.queue_longest > 1_000) found.push('queue');
  if (dead > 0) found.push('dead');
  return found;
}
