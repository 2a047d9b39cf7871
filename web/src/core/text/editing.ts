// Editing Markdown in a plain textarea: what a toolbar button does to a selection, and what is being typed that can be completed.

import { inCode, mentionAt } from './mentions';

export interface Selection { text: string; start: number; end: number }
/** Replaces `from..to` by `insert` and selects `start..end` of the result. */
export interface Edit { from: number; to: number; insert: string; start: number; end: number }

/** Puts marks around the selection, or takes them away when they are there. */
export function wrap({ text, start, end }: Selection, mark: string): Edit {
  const inner = text.slice(start, end);
  const outside = text.slice(start - mark.length, start) === mark && text.slice(end, end + mark.length) === mark;
  if (outside) return { from: start - mark.length, to: end + mark.length, insert: inner, start: start - mark.length, end: end - mark.length };
  return { from: start, to: end, insert: mark + inner + mark, start: start + mark.length, end: end + mark.length };
}

/** Puts a prefix before each selected line, or takes it away when all have it. */
export function prefix({ text, start, end }: Selection, sign: string): Edit {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const after = text.indexOf('\n', end);
  const to = after < 0 ? text.length : after;
  const lines = text.slice(from, to).split('\n');
  const all = lines.every((line) => line.startsWith(sign));
  const insert = lines.map((line) => (all ? line.slice(sign.length) : sign + line)).join('\n');
  return { from, to, insert, start: from + insert.length, end: from + insert.length };
}

export function code(selection: Selection): Edit {
  const inner = selection.text.slice(selection.start, selection.end);
  if (!inner.includes('\n')) return wrap(selection, '`');
  const insert = `\`\`\`\n${inner}\n\`\`\``;
  return { from: selection.start, to: selection.end, insert, start: selection.start + insert.length, end: selection.start + insert.length };
}

export function link({ text, start, end }: Selection): Edit {
  const inner = text.slice(start, end);
  const isAddress = /^https?:\/\/\S+$/.test(inner);
  const insert = isAddress ? `[](${inner})` : `[${inner}](https://)`;
  const caret = isAddress ? start + 1 : start + insert.length - 1;
  return { from: start, to: end, insert, start: caret, end: caret };
}

/** What is being typed just before the caret: a person, a channel, an emoji, a command, or what a command is to work on. */
export interface Token {
  kind: 'person' | 'channel' | 'emoji' | 'command' | 'argument';
  from: number;
  query: string;
  /** Of an argument. */
  command?: string;
}

export function tokenAt(text: string, caret: number): Token | null {
  const before = text.slice(0, caret);
  const command = /^\/(\p{L}*)$/u.exec(before);
  if (command && caret === text.length) return { kind: 'command', from: 0, query: command[1]! };
  const argument = /^\/(\p{L}+) ([^\n]*)$/u.exec(before);
  if (argument) return { kind: 'argument', from: argument[1]!.length + 2, query: argument[2]!, command: argument[1]! };
  const token = wordAt(text, caret);
  return token && inCode(text, token.from) ? null : token;
}

function wordAt(text: string, caret: number): Token | null {
  const before = text.slice(0, caret);
  const mention = mentionAt(text, caret);
  if (mention) return { kind: 'person', ...mention };
  const channel = /(^|[\s(])#([\p{L}\p{N}_-]{0,40})$/u.exec(before);
  if (channel) return { kind: 'channel', from: caret - channel[2]!.length - 1, query: channel[2]! };
  const emoji = /(^|[\s(]):([a-z0-9_+]{2,30})$/.exec(before);
  return emoji ? { kind: 'emoji', from: caret - emoji[2]!.length - 1, query: emoji[2]! } : null;
}

/** The command that a text is, with what it is to work on. A path such as `/etc/hosts` is none. */
export function commandIn(text: string): { name: string; argument: string } | null {
  const match = /^\/(\p{L}+)(?:\s+([\s\S]*))?$/u.exec(text.trim());
  return match ? { name: match[1]!.toLocaleLowerCase(), argument: (match[2] ?? '').trim() } : null;
}

/** How well a name fits what was typed: 0 begins with it, 1 a word in it does, 2 its letters come in this order, -1 not at all. */
export function fuzzy(name: string, query: string): number {
  if (name.startsWith(query)) return 0;
  if (name.split(/[\s_-]+/).some((word) => word.startsWith(query))) return 1;
  let at = 0;
  for (const letter of name) if (letter === query[at]) at += 1;
  return at === query.length ? 2 : -1;
}
