// Looking for an emoji among those that are given. The list is in emoji.ts; the quick messenger asks for it when it is wanted.

export interface Emoji { sign: string; names: string[] }

/** Of a text like `👍 thumbsup yes|👎 thumbsdown no`. */
export const named = (text: string): Emoji[] =>
  text.replaceAll('\n', '').split('|').map((entry) => {
    const [sign, ...names] = entry.split(' ');
    return { sign: sign!, names };
  });

/** The best fitting ones first. */
export function fitting(list: readonly Emoji[], query: string, most: number): Emoji[] {
  const rank = ({ names }: Emoji) => (names.includes(query) ? 0 : names.some((name) => name.startsWith(query)) ? 1 : names.some((name) => name.includes(query)) ? 2 : 3);
  return list.map((one) => ({ one, at: rank(one) })).filter(({ at }) => at < 3).sort((a, b) => a.at - b.at).slice(0, most).map(({ one }) => one);
}
