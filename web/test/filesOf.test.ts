import { expect, test } from 'vitest';
import { filesOf } from '../src/thread/filesOf';

const png = (name = 'image.png') => new File(['x'], name, { type: 'image/png' });
const given = (files: File[], text = '', html = '') => filesOf({ files, getData: (kind: string) => (kind === 'text/html' ? html : text) } as unknown as DataTransfer);

test.each([
  ['cells of Excel', 'Test 1\tA\r\nTest 2\tB', '<html><head><style>td {}</style></head><body><table><tr><td>Test 1</td></tr></table></body></html>'],
  ['an address in a cell', 'https://example.com/a', '<table><tr><td><a href="https://example.com/a">https://example.com/a</a></td></tr></table>'],
  ['a paragraph of Word with a picture', 'Look:', '<p>Look: <img src="file:///C:/x.png"></p>'],
  ['a program that gives no HTML', 'Revenue\t12', ''],
  ['a word that only looks like a name', 'images of the house', ''],
])('%s: the text is meant, not the picture of it', (_what, text, html) => {
  expect(given([png()], text, html)).toEqual([]);
});

test.each([
  ['a screenshot', '', ''],
  ['a picture of a browser', '', '<meta charset="utf-8"><img src="https://a.example/x.png" alt="x">'],
  ['a picture of a browser, with its address', 'https://a.example/x.png', '<img src="https://a.example/x.png">'],
  ['a picture of a browser, with its address only', 'https://a.example/x.png?a=b', ''],
  ['a picture of Word', ' \r\n', '<p class=MsoNormal><img src="file:///C:/x.png"></p>'],
  ['a file of the Finder', 'image.png', ''],
  ['a file of the Finder, which hides endings', 'image', ''],
  ['a file of a Linux desktop', '/home/ana/Pictures/image.png', ''],
  ['a file of Windows', 'C:\\Users\\ana\\image.png', ''],
  ['a file of GNOME', 'x-special/nautilus-clipboard\ncopy\nfile:///home/ana/image.png\n', ''],
])('%s is attached', (_what, text, html) => {
  expect(given([png()], text, html).map(({ name }) => name)).toEqual(['image.png']);
});

test('several files are all attached, also those with letters that are written in two ways', () => {
  const files = [png('a.png'), png('Caf\u00e9.png')];
  expect(given(files, 'a.png\rCafe\u0301.png')).toEqual(files);
  const other = [new File(['x'], 'offer.msg', { type: '' })];
  expect(given(other, 'From Subject\nBen Offer', '<p>From</p>')).toEqual(other);
});

test('a text is a text', () => {
  expect([given([], 'hello', '<p>hello</p>'), filesOf(null)]).toEqual([[], []]);
});
