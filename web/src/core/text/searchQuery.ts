// The operators of the search field: from:ana in:#launch has:file before:2026-05-01 after:yesterday, beside plain words.

export type Has = 'file' | 'picture' | 'link';
export const OPERATORS = ['from', 'in', 'has', 'before', 'after'] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Asked {
  words: string;
  from?: string;
  in?: string;
  has?: Has;
  before?: Date;
  after?: Date;
  /** Operators with something after them that is not understood. */
  wrong: { operator: Operator; value: string }[];
}

const PART = /(?:^|(?<=\s))(from|in|has|before|after):(?:"([^"]*)"?|(\S*))/gi;
const HAS: Record<string, Has> = { file: 'file', files: 'file', attachment: 'file', picture: 'picture', image: 'picture', photo: 'picture', link: 'link', links: 'link' };

export function asked(text: string, now: Date = new Date()): Asked {
  const result: Asked = { words: '', wrong: [] };
  result.words = text
    .replace(PART, (_whole, name: string, quoted: string | undefined, plain: string | undefined) => {
      take(result, name.toLowerCase() as Operator, (quoted ?? plain ?? '').trim(), now);
      return ' ';
    })
    .replace(/\s+/g, ' ')
    .trim();
  return result;
}

function take(result: Asked, operator: Operator, value: string, now: Date): void {
  if (!value) return;
  if (operator === 'from') result.from = value.replace(/^@/, '');
  else if (operator === 'in') result.in = value.replace(/^#/, '');
  else if (operator === 'has' && HAS[value.toLowerCase()]) result.has = HAS[value.toLowerCase()]!;
  else if (operator === 'before' || operator === 'after') {
    const day = dayOf(value, now);
    if (day) result[operator] = operator === 'after' ? addDays(day, 1) : day;
    else result.wrong.push({ operator, value });
  } else result.wrong.push({ operator, value });
}

const addDays = (day: Date, days: number) => new Date(day.getFullYear(), day.getMonth(), day.getDate() + days);

/** The beginning of a day: 2026-05-01, today, yesterday, or 7d for seven days ago. */
function dayOf(value: string, now: Date): Date | null {
  const today = addDays(now, 0);
  const word = value.toLowerCase();
  if (word === 'today') return today;
  if (word === 'yesterday') return addDays(today, -1);
  const days = /^(\d{1,4})d$/.exec(word);
  if (days) return addDays(today, -Number(days[1]));
  const date = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(word);
  if (!date) return null;
  const [year, month, day] = [Number(date[1]), Number(date[2]) - 1, Number(date[3])];
  const found = new Date(year, month, day);
  return found.getMonth() === month && found.getDate() === day ? found : null;
}

/** Something can be looked for: a word of two letters, or any limit but a time alone. */
export const isQuestion = (query: Asked) => [...query.words].length >= 2 || Boolean(query.from ?? query.has ?? query.in);
