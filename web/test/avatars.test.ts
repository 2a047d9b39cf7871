import { expect, test } from 'vitest';
import { middle } from '../src/core/api/avatars';

test('the square in the middle, never larger than it is', () => {
  expect(middle(900, 300)).toEqual({ x: 300, y: 0, side: 300, drawn: 300 });
  expect(middle(3000, 4001)).toEqual({ x: 0, y: 501, side: 3000, drawn: 512 });
  expect(middle(1, 1)).toEqual({ x: 0, y: 0, side: 1, drawn: 1 });
});
