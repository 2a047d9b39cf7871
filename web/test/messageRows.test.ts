import { expect, test } from 'vitest';
import { plain } from '../src/core/text/plain';
import { buildRows, type RowsInput } from '../src/core/store/messageRows';
import type { Waiting } from '../src/core/store/waiting';
import { ana, message } from './helpers';

const waiting = (part: Partial<Waiting> = {}): Waiting => ({
  client_id: 'w1', conversation_id: 'c1', order: 1, created_at: '2026-01-01T00:59:00Z', body: 'soon', is_private_note: false, thread_root_id: null,
  reply_to: null, failed: null, ...part,
});
const rows = (part: Partial<RowsInput>) =>
  buildRows({ items: [], waiting: [], me: 'ana', newFrom: null, lastSeq: 99, hasBefore: false, hasAfter: false, ...part });

test('groups one author within five minutes, not across notes, replies or system lines', () => {
  const quote = { id: 'm1', seq: 1, author: ana, preview: '', deleted: false };
  const items = [
    message(1), message(2), message(9), message(10, { is_private_note: true }), message(11, { reply_to: quote }), message(12, { kind: 'system' }), message(13, { author: ana }),
  ];
  expect(rows({ items }).map((row) => row.starts)).toEqual([true, false, true, true, true, true, true]);
  expect(rows({ items }).map((row) => row.ends)).toEqual([false, true, true, true, true, true, true]);
});

test('the New divider stands before the first unread message of somebody else', () => {
  const items = [message(1), message(2, { author: ana }), message(3)];
  expect(rows({ items, newFrom: 2 }).map((row) => row.isNew)).toEqual([false, false, true]);
});

test('replies of a thread stand in the conversation too; in its panel they do not quote the root', () => {
  const reply_to = { id: 'm1', seq: 1, author: ana, preview: '', deleted: false };
  const items = [message(1), message(2, { thread_root_id: 'm1', reply_to })];
  const other = waiting({ thread_root_id: 'm9' });
  expect(rows({ items, waiting: [other] }).map((row) => row.message?.reply_to ?? null)).toEqual([null, reply_to, null]);
  expect(rows({ items, waiting: [other], thread: 'm1' }).map((row) => row.message!.reply_to)).toEqual([null, null]);
});

test('seeing a row means having seen everything before the next one', () => {
  expect(rows({ items: [message(1), message(4)], lastSeq: 6 }).map((row) => row.upTo)).toEqual([3, 6]);
  expect(rows({ items: [message(1), message(4)], lastSeq: 9, hasAfter: true }).map((row) => row.upTo)).toEqual([3, 4]);
});

test('a message on its way is the last row, under the key that it keeps once it has arrived', () => {
  const before = rows({ items: [message(1)], waiting: [waiting()] });
  const after = rows({ items: [message(1), message(2, { author: ana, client_id: 'w1' })], waiting: [waiting()] });
  expect(before.map((row) => row.key)).toEqual(['m1', 'w1']);
  expect(after.map((row) => row.key)).toEqual(['m1', 'w1']);
  expect(rows({ waiting: [waiting()], hasAfter: true })).toEqual([]);
});

test('a day begins where the date changes', () => {
  const items = [message(1), message(2, { created_at: '2026-01-02T12:00:00Z' })];
  expect(rows({ items }).map((row) => row.day)).toEqual([true, true]);
});

test.each([
  ['<p><strong>Hi</strong> <span class="mention" data-user-id="1">@Ana Lima</span>,<br />\nsee <a href="https://x.y?a&gt;b" rel="ugc">this</a> <code>a*b</code></p>\n<blockquote>\n<p>quote</p>\n</blockquote>', 'Hi @Ana Lima, see this a*b quote'],
  ['<p>&lt;img src=x onerror=alert(1)&gt; &amp;lt; &#39;a&#39; &quot;b&quot; 100*100/400*56 \\\\files\\_a</p>', '<img src=x onerror=alert(1)> &lt; \'a\' "b" 100*100/400*56 \\\\files\\_a'],
  ['<ol start="18">\n<li>one\n<ul>\n<li>a</li>\n<li>b</li>\n</ul></li>\n<li>two<ol>\n<li>c</li>\n</ol></li>\n<li>three</li>\n</ol>\n<p>end</p>', '18. one a b 19. two 1. c 20. three end'],
  ['<ul>\n<li><input disabled="" type="checkbox" checked=""/>\ndone</li>\n</ul><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td>1</td><td>2</td></tr></tbody></table><hr />', 'done a b 1 2'],
  ['<pre><code>fn()\n  x\n</code></pre>', 'fn() x'],
  ['', ''],
])('a preview is the server\'s rendering in one line', (html, line) => {
  expect(plain(html)).toBe(line);
});

test('a long preview is cut between its signs', () => {
  expect(plain(`<p>${'👍'.repeat(50)}</p>`, 10)).toBe(`${'👍'.repeat(9)}…`);
  expect(plain('<p>12345</p>', 5)).toBe('12345');
});
