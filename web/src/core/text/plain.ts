// The server's rendering of a message as one line of text, as its own previews are: there is one reader of Markdown, and it is not here.

const SIGNS: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };

export function plain(html: string, limit = 140): string {
  /** The next number of each list that is open; none has a list of signs. */
  const lists: number[] = [];
  const text = html
    .replace(/<(\/?)(\w+)(?: start="(\d+)")?[^>]*>/g, (_tag, ends: string, name: string, start = '1') => {
      if (/^[ou]l/.test(name)) {
        if (ends) lists.pop();
        else lists.push(name === 'ol' ? Number(start) : NaN);
      }
      if (name === 'li' && !ends && lists.at(-1)! >= 0) return ` ${lists[lists.length - 1]!++}. `;
      return /^(a|code|del|em|span|strong)$/.test(name) ? '' : ' ';
    })
    .replace(/&(#39|\w+);/g, (whole, name: string) => SIGNS[name] ?? whole)
    .replace(/\s+/g, ' ')
    .trim();
  const signs = [...text];
  return signs.length > limit ? `${signs.slice(0, limit - 1).join('')}…` : text;
}
