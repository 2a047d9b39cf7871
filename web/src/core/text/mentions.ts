// Mentions in a text that is being written, by the grammar of the server (messages/markdown/mention.rs): where one can begin, and whom those
// that are there mean. The field shows `@[Full Name]`; what is sent says who was chosen: `@[Full Name|id]`.

/** A whole mention; brackets within a name come in pairs. */
const WHOLE = /@\[((?:[^[\]\n]|\[[^[\]\n]*\])+)\]/g;
const LETTER = '\\p{Alphabetic}\\p{N}\\p{M}';
/** Letters of scripts without spaces, and full-width marks. */
const UNSPACED = '\\u3000-\\u303F\\uFF00-\\uFFEF\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Hang}\\p{sc=Bopo}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}';
/** One or two words behind an `@`, which no other word touches. */
const BEGUN = new RegExp(`(?:^|[^${LETTER}/]|[${UNSPACED}])@([${LETTER}_'’.-]*(?: [${LETTER}_'’.-]*)?)$`, 'u');
/** An address goes on: to the next space, full-width mark, or bracket that it has not opened. */
const ADDRESS = /https?:\/\/(?:[^\s<>"`()[\]{}\u3001-\u3020\uFF01-\uFF65]|[([{][^\s()[\]{}]*[)\]}]?)*$/i;
const FENCE = /^[ >]*(?:(?:[-*]|\d+\.) +)?(`{3,}(?!.*`)|~{3,})/;
const INDENTED = /^(?: {4}|\t)/;

/** The word after an `@` just before the caret, if a mention is being typed. */
export function mentionAt(text: string, caret: number): { from: number; query: string } | null {
  const match = BEGUN.exec(text.slice(0, caret));
  if (!match) return null;
  const from = caret - match[1]!.length - 1;
  return ADDRESS.test(text.slice(0, from)) ? null : { from, query: match[1]! };
}

/** Whether a place is in code: between fences, in indented lines, between backticks, or behind one that nothing closes yet. */
export function inCode(text: string, at: number): boolean {
  const lines = text.slice(0, at).split('\n');
  const line = lines.pop()!;
  let fence = '';
  for (const one of lines) {
    const end = one.trimEnd();
    if (!fence) fence = FENCE.exec(one)?.[1] ?? '';
    else if (end.endsWith(fence) && !end.replace(/[`~]+$/, '').includes(fence[0]!)) fence = '';
  }
  if (fence) return true;
  const start = lines.findLastIndex((one) => !one.trim()) + 1;
  if (INDENTED.test(line) && INDENTED.test(lines[start] ?? line) && !lines.some((one) => /^\s*([-*]|\d+\.) /.test(one))) return true;
  const from = lines.slice(0, start).join('\n').length;
  const paragraph = text.slice(from).replace(/(\S[^\S\n]*\n)[^\S\n]*\n[^]*/, '$1');
  return betweenBackticks(paragraph, at - from, at - from - line.length);
}

/** `line` is where the line of the place begins. */
function betweenBackticks(text: string, at: number, line: number): boolean {
  const runs = [...text.matchAll(/`+/g)];
  for (let one = 0; one < runs.length && runs[one]!.index < at; one++) {
    const { 0: signs, index } = runs[one]!;
    const end = runs.findIndex((other, place) => place > one && other[0] === signs);
    if (end < 0 ? index >= line && !/[\p{L}\p{N}]/u.test(text[index - 1] ?? '') : runs[end]!.index >= at) return true;
    if (end > 0) one = end;
  }
  return false;
}

const label = (name: string) => (/[[\]\n]/.test(name.replace(/\[[^[\]\n]*\]/g, '')) ? name.replace(/[[\]\n]/g, '') : name);
export const mention = (name: string) => `@[${label(name)}] `;

/** Stands for many in the mentions of a message: `@all`, `@here`. */
export const MANY = '00000000-0000-0000-0000-000000000000';

/** A text and the ids of its mentions, in their order; those that were typed have none. */
export interface Meant { text: string; ids: (string | undefined)[] }

const places = (text: string) => [...text.matchAll(WHOLE)];

/** Somebody was chosen: the mention at this place means them. */
export function chosen({ text, ids }: Meant, at: number, id: string): Meant {
  return { text, ids: places(text).map(({ index }, place) => (index === at ? id : ids[place])) };
}

/** The text was changed, up to the caret. Mentions before and after the change keep their ids. */
export function changed({ text: old, ids }: Meant, text: string, caret: number): Meant {
  const most = Math.min(old.length, text.length);
  let after = 0;
  while (after < Math.min(most, text.length - caret) && old.at(-1 - after) === text.at(-1 - after)) after++;
  let before = 0;
  while (before < most - after && old[before] === text[before]) before++;
  const now = places(text);
  return {
    text,
    ids: now.map(({ 0: whole, index }, at) => {
      if (index + whole.length <= before) return ids[at];
      return index >= text.length - after ? ids[at - now.length + ids.length] : undefined;
    }),
  };
}

/** Those of a text that was sent before. */
export function known(text: string, mentions: readonly { user_id: string; name: string }[]): Meant {
  const left = new Set(mentions.filter(({ user_id }) => user_id !== MANY));
  const take = (name: string) => {
    const found = [...left].find((one) => label(one.name) === name);
    left.delete(found!);
    return found?.user_id;
  };
  return { text, ids: places(text).map((one) => take(one[1]!)) };
}

/** What is sent. Where nothing is a mention, in code and in the words of a link, an id would be read. */
export function withIds({ text, ids }: Meant): string {
  let at = 0;
  return text.replace(WHOLE, (whole, name: string, index: number) => {
    const id = ids[at++];
    return id && !inCode(text, index) && !/^[^[\]\n]*\]\(/.test(text.slice(index + whole.length)) ? `@[${name}|${id}]` : whole;
  });
}
