import { expect, test } from 'vitest';
import { code, link, prefix, wrap, type Edit, type Selection } from '../src/core/text/editing';

/** `[` and `]` mark the selection, before and after. */
const parse = (marked: string): Selection => ({ text: marked.replace(/[«»]/g, ''), start: marked.indexOf('«'), end: marked.indexOf('»') - 1 });
function done({ text }: Selection, edit: Edit): string {
  const result = text.slice(0, edit.from) + edit.insert + text.slice(edit.to);
  return `${result.slice(0, edit.start)}«${result.slice(edit.start, edit.end)}»${result.slice(edit.end)}`;
}
const check = (before: string, edit: (selection: Selection) => Edit, after: string) => expect(done(parse(before), edit(parse(before)))).toBe(after);

test('bold goes around the selection and off again', () => {
  check('a «word» b', (at) => wrap(at, '**'), 'a **«word»** b');
  check('a **«word»** b', (at) => wrap(at, '**'), 'a «word» b');
});
test('a list takes whole lines', () => {
  check('one\nt«wo\nthr»ee', (at) => prefix(at, '- '), 'one\n- two\n- three«»');
  check('- tw«»o', (at) => prefix(at, '- '), 'two«»');
});
test('code is inline or a block', () => {
  check('«x»', code, '`«x»`');
  check('«x\ny»', code, '```\nx\ny\n```«»');
});
test('a link leaves the caret where something is missing', () => {
  check('see «this»', link, 'see [this](https://«»)');
  check('«https://x.y»', link, '[«»](https://x.y)');
});
