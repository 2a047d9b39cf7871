import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import tokens from './tokens.json';
import { tokensCss } from './generate.mjs';

const colors = tokens.color as unknown as Record<string, [string, string]>;
const pairs = tokens.pairs as unknown as Record<'text' | 'ui', [string, string[]][]>;

function luminance(hex: string): number {
  const channels = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
  const [r, g, b] = channels.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const cases = (['text', 'ui'] as const).flatMap((use) =>
  pairs[use].flatMap(([front, backs]) =>
    backs.flatMap((back) => (['light', 'dark'] as const).map((theme, index) => ({ use, front, back, theme, index }))),
  ),
);

test('there are enough pairs to mean something', () => expect(cases.length).toBeGreaterThanOrEqual(88));

test.each(cases)('$theme: $front on $back ($use)', ({ use, front, back, index }) => {
  const ratio = contrast(colors[front]![index]!, colors[back]![index]!);
  expect(ratio).toBeGreaterThanOrEqual(use === 'text' ? 4.5 : 3);
});

const strong = tokens.contrast as unknown as Record<string, [string, string]>;
test('high contrast has every colour', () => expect(Object.keys(strong)).toEqual(Object.keys(colors)));
test.each(cases)('high contrast, $theme: $front on $back ($use)', ({ use, front, back, index }) => {
  expect(contrast(strong[front]![index]!, strong[back]![index]!)).toBeGreaterThanOrEqual(use === 'text' ? 7 : 4.5);
});

test('the generated variables are those of tokens.json', () => {
  expect(readFileSync('src/styles/tokens.css', 'utf8')).toBe(tokensCss());
});
