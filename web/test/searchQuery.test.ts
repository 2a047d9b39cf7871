// The operators of the search field, the address of a "Discuss" button, and what is safe in it.
import { describe, expect, it } from 'vitest';
import { draftRequestOf } from '../src/core/sync/draftSession';
import { commandIn, fuzzy, tokenAt } from '../src/core/text/editing';
import { findEmoji } from '../src/core/text/emoji';
import { safeUrl } from '../src/core/text/links';
import { asked, isQuestion } from '../src/core/text/searchQuery';
import { snoozeChoices } from '../src/core/text/snooze';
import { seqAt } from '../src/core/sync/timelines';

const now = new Date(2026, 4, 20, 15, 0);

describe('search operators', () => {
  it('are taken out of the words', () => {
    const query = asked('invoice from:"Ana Lima" in:#launch has:image before:2026-05-01 late', now);
    expect(query).toMatchObject({ words: 'invoice late', from: 'Ana Lima', in: 'launch', has: 'picture', wrong: [] });
    expect(query.before).toEqual(new Date(2026, 4, 1));
  });
  it('know days by words; after a day means from the next one', () => {
    expect(asked('after:yesterday', now).after).toEqual(new Date(2026, 4, 20));
    expect(asked('before:7d', now).before).toEqual(new Date(2026, 4, 13));
  });
  it('say what they do not understand, and leave addresses alone', () => {
    expect(asked('before:2026-02-31 has:cake', now).wrong).toEqual([{ operator: 'before', value: '2026-02-31' }, { operator: 'has', value: 'cake' }]);
    expect(asked('see https://in:8080 and login:x', now).words).toBe('see https://in:8080 and login:x');
  });
  it('make a question only with something to look for', () => {
    expect([isQuestion(asked('a')), isQuestion(asked('ab')), isQuestion(asked('from:ana')), isQuestion(asked('from:')), isQuestion(asked('before:today'))]).toEqual([false, true, true, false, false]);
  });
});

describe('addresses from outside', () => {
  it('are web addresses or paths of this site, nothing else', () => {
    const cases: [string, string | null][] = [
      ['https://shop.example/o/1', 'https://shop.example/o/1'], ['/orders/1', '/orders/1'], ['//evil.example/x', null], ['/\\evil.example', null],
      ['javascript:alert(1)', null], ['data:text/html,x', null], [' JaVaScript:alert(1)', null], ['orders/1', null], ['', null],
    ];
    for (const [given, shown] of cases) expect(safeUrl(given), given).toBe(shown);
  });
  it('of a "Discuss" button are cut and checked', () => {
    const wish = draftRequestOf('?to=a,b&to=b&type=order&id=7&url=javascript:alert(1)&text=Hi');
    expect(wish).toEqual({ to: ['a', 'b'], text: 'Hi', subject: '', related: { type: 'order', id: '7', title: '7', url: null, picture_url: null } });
    expect(draftRequestOf('?text=Hi').related).toBeNull();
  });
});

describe('what is being typed', () => {
  it('is a command only at the beginning', () => {
    expect(tokenAt('/as', 3)).toEqual({ kind: 'command', from: 0, query: 'as' });
    expect(tokenAt('/assign be', 10)).toEqual({ kind: 'argument', from: 8, query: 'be', command: 'assign' });
    expect(tokenAt('and /as', 7)).toBeNull();
  });
  it('is a person, a channel or an emoji', () => {
    expect(tokenAt('see #lau', 8)).toEqual({ kind: 'channel', from: 4, query: 'lau' });
    expect(tokenAt('ok :roc', 7)).toEqual({ kind: 'emoji', from: 3, query: 'roc' });
    expect(tokenAt('at 10:30', 8)).toBeNull();
    expect(tokenAt('hi @be', 6)).toEqual({ kind: 'person', from: 3, query: 'be' });
  });
  it('is no command when it is a path', () => {
    expect(commandIn('/note to us')).toEqual({ name: 'note', argument: 'to us' });
    expect(commandIn('/usr/share')).toBeNull();
    expect(commandIn('//x')).toBeNull();
  });
  it('fits loosely, the closest first', () => {
    expect([fuzzy('priority', 'pri'), fuzzy('ana lima', 'li'), fuzzy('priority', 'pty'), fuzzy('mute', 'xy')]).toEqual([0, 1, 2, -1]);
    expect(findEmoji('rocket', 3)[0]!.sign).toBe('🚀');
  });
});

describe('times to come', () => {
  it('are offered for snoozing, each once', () => {
    expect(snoozeChoices(now).map((one) => one.choice)).toEqual(['hour', 'evening', 'tomorrow', 'monday']);
    expect(snoozeChoices(new Date(2026, 4, 24, 20, 0)).map((one) => one.choice)).toEqual(['hour', 'tomorrow']); // Sunday evening
  });
});

describe('to a date', () => {
  const times = [10, 20, 20, 30, 50];
  const look = async (seq: number) => ({ items: [{ seq, created_at: new Date(times[seq - 1]!).toISOString() }] as never[] });
  it('the first message that is not older', async () => {
    const found = await Promise.all([0, 20, 25, 50, 90].map((at) => seqAt(new Date(at), times.length, look)));
    expect(found).toEqual([1, 2, 4, 5, 5]);
  });
});
