import { expect, test } from 'vitest';
import { quotable } from '../src/core/text/quoting';

test('a note is quoted by notes only', () => {
  const [note, open] = [{ is_private_note: true }, { is_private_note: false }];
  expect([quotable(note, true), quotable(note, false)]).toEqual([note, null]);
  expect([quotable(open, true), quotable(open, false)]).toEqual([open, open]);
  expect([quotable(null, true), quotable(undefined, false)]).toEqual([null, null]);
});
