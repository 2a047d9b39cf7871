import { expect, test } from 'vitest';
import { folded } from '$core/text/names';

test('names are found however they are typed', () => {
  for (const [name, typed] of [
    ['Gaël Ångström', 'gael angstrom'], ['Đà Nẵng', 'da nang'], ['Ærø Blåbær', 'aero blabaer'], ['Siobhan O’Neill', 'siobhan oneill'],
    ['مُحَمَّد أحمد', 'محمد احمد'], ['Łucja Żółć', 'lucja zolc'],
  ] as const) {
    expect(folded(name)).toBe(typed);
    expect(folded(typed)).toBe(typed);
  }
});
