import { describe, expect, it } from 'vitest';
import { elsewhere, useTimeZone } from '../src/core/text/time';

describe('what time it is elsewhere', () => {
  const noon = new Date('2026-07-01T12:00:00Z');
  it('tells the time and the difference, half hours too', () => {
    useTimeZone('Europe/Vienna');
    expect(elsewhere('Europe/Lisbon', 'en-GB', noon)).toEqual({ time: '13:00', ahead: '-1 hr' });
    expect(elsewhere('Asia/Kolkata', 'en-GB', noon)).toEqual({ time: '17:30', ahead: '+3.5 hrs' });
    expect(elsewhere('Europe/Berlin', 'en-GB', noon)).toEqual({ time: '14:00', ahead: '' });
    expect(elsewhere('UTC', 'de', noon)).toEqual({ time: '12:00', ahead: '-2 Std.' });
    useTimeZone('');
  });
  it('knows when it does not know', () => {
    expect(elsewhere('Mars/Olympus', 'en-GB', noon)).toBeNull();
  });
});
