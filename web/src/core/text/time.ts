// Dates and times by Intl, in the reader's language and time zone.

const formats = new Map<string, Intl.DateTimeFormat>();
let zone: string | undefined;

/** Another time zone than the device's, for all times shown from now on; empty is the device's own. */
export function useTimeZone(name: string): void {
  zone = name || undefined;
  formats.clear();
}

/** Year, month (from 0) and day of a moment where the reader is. */
function civil(date: Date): [number, number, number] {
  if (!zone) return [date.getFullYear(), date.getMonth(), date.getDate()];
  const parts = formatter('en', { year: 'numeric', month: 'numeric', day: 'numeric' }).formatToParts(date);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  return [part('year'), part('month') - 1, part('day')];
}

function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  const found = formats.get(key) ?? new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
  formats.set(key, found);
  return found;
}

export const clock = (iso: string, locale: string) => formatter(locale, { hour: '2-digit', minute: '2-digit' }).format(new Date(iso));

/** Only hours and minutes, for narrow places. */
export const bareClock = (iso: string, locale: string) =>
  formatter(locale, { hour: 'numeric', minute: '2-digit' }).formatToParts(new Date(iso)).filter((part) => part.type === 'hour' || part.type === 'minute').map((part) => part.value).join(':');

/** What time it is elsewhere, and by how many hours that differs from here ("" where it does not). */
export function elsewhere(there: string, locale: string, now: Date = new Date()): { time: string; ahead: string } | null {
  try {
    const offset = (timeZone: string | undefined) => {
      const name = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(now).find((part) => part.type === 'timeZoneName')!.value;
      const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)/.exec(name) ?? [];
      return hours ? (Number(hours) + Number(minutes) / 60) * (sign === '-' ? -1 : 1) : 0;
    };
    const hours = offset(there) - offset(zone);
    return {
      time: new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', timeZone: there }).format(now),
      ahead: hours === 0 ? '' : new Intl.NumberFormat(locale, { style: 'unit', unit: 'hour', signDisplay: 'always' }).format(hours),
    };
  } catch {
    return null; // a zone that this browser does not know
  }
}

export const exact = (iso: string, locale: string) =>
  formatter(locale, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }).format(new Date(iso));

/** A key that is equal for two moments of one local day. */
export function dayKey(iso: string): string {
  return civil(new Date(iso)).join('-');
}

export function daysAgo(iso: string, now: Date = new Date()): number {
  const start = (date: Date) => Date.UTC(...civil(date));
  return Math.round((start(now) - start(new Date(iso))) / 86_400_000);
}

/** "today", "yesterday" by the language's own words, else a date. */
export function dayName(iso: string, locale: string, now: Date = new Date()): string {
  const days = daysAgo(iso, now);
  if (days === 0 || days === 1) {
    const word = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-days, 'day');
    return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1);
  }
  const sameYear = civil(new Date(iso))[0] === civil(now)[0];
  const options: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long' };
  return formatter(locale, sameYear ? options : { ...options, year: 'numeric' }).format(new Date(iso));
}

/** For list rows: the time today, a weekday this week, else a date. */
export function short(iso: string, locale: string, now: Date = new Date()): string {
  const days = daysAgo(iso, now);
  if (days <= 0) return clock(iso, locale);
  if (days < 7) return formatter(locale, { weekday: 'short' }).format(new Date(iso));
  const sameYear = civil(new Date(iso))[0] === civil(now)[0];
  return formatter(locale, sameYear ? { day: 'numeric', month: 'short' } : { day: '2-digit', month: '2-digit', year: '2-digit' }).format(new Date(iso));
}
