// The address of a "Discuss" button: to whom, about which record, with which words. What comes from outside is cut and checked here.
import type { Related } from './api/types';
import { safeUrl } from './links';

export interface Wish { to: string[]; text: string; subject: string; related: Related | null }

const LONGEST = { type: 40, id: 80, title: 200, text: 4_000, to: 20 };

export function wishOf(query: string): Wish {
  const params = new URLSearchParams(query);
  const take = (name: keyof typeof LONGEST) => (params.get(name) ?? '').trim().slice(0, LONGEST[name]);
  const to = params.getAll('to').flatMap((one) => one.split(',')).map((one) => one.trim()).filter(Boolean).slice(0, LONGEST.to);
  const [type, id, title] = [take('type'), take('id'), take('title')];
  const picture = params.get('picture')?.trim();
  const related = type && (id || title) ? { type, id: id || title, title: title || id, url: safeUrl(params.get('url')), picture_url: picture ? safeUrl(picture) : null } : null;
  return { to: [...new Set(to)], text: take('text'), subject: (params.get('subject') ?? '').trim().slice(0, 200), related };
}
