import { expect, test } from 'vitest';
import { accentColours, contrast, parse } from '../src/quick/accent';

const COLOURS = ['#3b4fd8', '#ffe600', '#ffffff', '#000000', '#777777', '#0f0', '#e4002b', '#00a3a3', '#f5f5dc', '#1a1a2e'];
const ratio = (a: string, b: string) => contrast(parse(a), parse(b));

test.each(COLOURS)('letters can be read on and beside %s, in both themes', (colour) => {
  for (const [theme, surface] of [['light', '#ffffff'], ['dark', '#1d2129']] as const) {
    const made = accentColours(colour, theme);
    expect(ratio(made['--c-on-accent']!, made['--c-accent']!)).toBeGreaterThanOrEqual(4.5);
    expect(ratio(made['--c-on-accent']!, made['--c-accent-hover']!)).toBeGreaterThanOrEqual(4.5);
    expect(ratio(made['--c-accent-text']!, surface)).toBeGreaterThanOrEqual(4.5);
    expect(ratio(made['--c-accent-text']!, made['--c-selected']!)).toBeGreaterThanOrEqual(4.5);
  }
});

test('a colour that is hardly seen gets a rim', () => {
  expect(accentColours('#fffff0', 'light')['--rim']).toContain('line-strong');
  expect(accentColours('#3b4fd8', 'light')['--rim']).toBe('transparent');
});
