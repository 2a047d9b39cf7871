// Mentions while they are written, by the same grammar as crates/chat/src/conversations/messages/markdown/mention.rs reads them.
import { describe, expect, test } from 'vitest';
import { tokenAt } from '../src/core/text/editing';
import { MANY, changed, chosen, inCode, known, mention, mentionAt, withIds, type Meant } from '../src/core/text/mentions';

const at = (text: string) => mentionAt(text, text.length);

test.each([
  ['@', ''], ['hi @An', 'An'], ['@Ana Li', 'Ana Li'], ['(@An', 'An'], ['"@An', 'An'], ['_@An', 'An'], ['**@An', 'An'], ['>@An', 'An'], ['drinks:@Ben', 'Ben'], ['a,@Ben', 'Ben'],
  ['请@李', '李'], ['見て@さ', 'さ'], ['ดู@อ', 'อ'], ['보세요@김', '김'], ['你好。@李', '李'], ['＠@李', '李'], ['🚀@An', 'An'], ['line\n@An', 'An'],
  ['@R2D2', 'R2D2'], ['@dev_ops', 'dev_ops'], ['@O’Neill', 'O’Neill'], ['@हिन्दी', 'हिन्दी'], ['@[Ana Lima]@Be', 'Be'],
  ['see https://example.com @Be', 'Be'], ['(https://example.com/a) @Be', 'Be'], ['https://example.com/a。@李', '李'], ['(https://example.com)@Be', 'Be'],
])('in “%s” a mention is being typed', (text, query) => expect(at(text)).toEqual({ from: text.length - query.length - 1, query }));

test.each([
  'ana@example', 'é@An', '5@An', 'हि@An', 'medium.com/@An', 'a/@An', '@[Ana Lima] and', '@Ana Lima and', '@An, and', '@-(',
  'https://example.com/?u=@An', 'https://example.com/a:@An', 'HTTPS://example.com/(a)@An', 'https://example.com/(@An',
])('in “%s” none is', (text) => expect(at(text)).toBeNull());

describe('in code nothing is offered', () => {
  test.each([
    '`@An', 'see `x @An', '```\n@An', '```js\nlet a;\n@An', '~~~\n@An', '> ```\n> @An', '- ```\n  @An', '`` ` @An', '    @An', 'text\n\n    a\n    @An', '```\n``\n@An', '```\n\n\n:roc', '`#la',
  ])('%j', (text) => expect(tokenAt(text, text.length)).toBeNull());

  test('also before the end of what is code already', () => {
    expect(inCode('`a b`', 3)).toBe(true);
    expect(inCode('it`s a b` c', 6)).toBe(true);
    expect(inCode('`a\nb`', 3)).toBe(true);
    expect(inCode('`a\n\nb`', 4)).toBe(false);
  });

  test.each([
    '`x` @An', '``a`b`` @An', '```\nx\n``` \n@An', '```\nx```\n@An', 'it`s @An', '`open\n@An', '```x```\n@An', '- a\n\n    @An', 'text\n    @An', '> ```\n> x\n> ```\n@An',
  ])('but behind it: %j', (text) => expect(tokenAt(text, text.length)).toMatchObject({ kind: 'person', query: 'An' }));
});

test('a name keeps its brackets where they come in pairs', () => {
  const cases = { 'Ana Lima': 'Ana Lima', 'Schmidt, Anna [EXT]': 'Schmidt, Anna [EXT]', '[a] b [c]': '[a] b [c]', 'Ana [x': 'Ana x', 'Ana ]x[': 'Ana x', '[[a]]': 'a' };
  for (const [name, shown] of Object.entries(cases)) expect(mention(name)).toBe(`@[${shown}] `);
});

/** What a field does: text at the caret, or a selection that goes. */
class Field {
  meant: Meant = { text: '', ids: [] };
  insert(text: string, at = this.meant.text.length): this {
    const { text: old } = this.meant;
    this.meant = changed(this.meant, old.slice(0, at) + text + old.slice(at), at + text.length);
    return this;
  }
  choose(name: string, id: string, at = this.meant.text.length): this {
    this.insert(mention(name), at);
    this.meant = chosen(this.meant, at, id);
    return this;
  }
  remove(from: number, length: number): this {
    const { text } = this.meant;
    this.meant = changed(this.meant, text.slice(0, from) + text.slice(from + length), from);
    return this;
  }
  get sent(): string {
    return withIds(this.meant);
  }
}
const ANNA = mention('Anna').length;

test('two people of one name are each who was chosen', () => {
  expect(new Field().choose('Anna', '1').insert('and ').choose('Anna', '2').insert('!').sent).toBe('@[Anna|1] and @[Anna|2] !');
  expect(new Field().choose('Anna', '2').choose('Anna', '1', 0).sent).toBe('@[Anna|1] @[Anna|2] ');
});

test('who is taken out again is not meant by who is left', () => {
  const both = () => new Field().choose('Anna', '1').choose('Anna', '2').insert('x');
  expect(both().remove(0, ANNA).sent).toBe('@[Anna|2] x');
  expect(both().remove(ANNA, ANNA).sent).toBe('@[Anna|1] x');
  expect(both().remove(0, ANNA).choose('Anna', '3', 0).sent).toBe('@[Anna|3] @[Anna|2] x');
  expect(new Field().choose('Anna', '1').remove(0, ANNA).choose('Anna', '2').sent).toBe('@[Anna|2] ');
});

test('what is typed around a mention leaves it, what is typed into it does not', () => {
  const field = () => new Field().insert('a ').choose('Schmidt, Anna [EXT]', '1').insert('b');
  expect(field().insert('@[Anna] ', 0).insert('c\n').sent).toBe('@[Anna] a @[Schmidt, Anna [EXT]|1] bc\n');
  expect(field().insert('e', 8).sent).toBe('a @[Schmeidt, Anna [EXT]] b');
});

test('no id goes where it would be read', () => {
  expect(new Field().insert('`').choose('Anna', '1').insert('`').choose('Anna', '2').sent).toBe('`@[Anna] `@[Anna|2] ');
  expect(new Field().insert('[').choose('Anna', '1').insert('](https://a.example)').sent).toBe('[@[Anna] ](https://a.example)');
});

test('a text that was sent before knows whom it mentions', () => {
  const mentions = [{ user_id: '1', name: 'Anna' }, { user_id: '2', name: 'Ben [x' }, { user_id: '3', name: 'Anna' }, { user_id: MANY, name: 'all' }];
  expect(withIds(known('@[Anna] @[Ben x] @[Anna] @[Anna] @[Cara] @[all]', mentions))).toBe('@[Anna|1] @[Ben x|2] @[Anna|3] @[Anna] @[Cara] @[all]');
});
