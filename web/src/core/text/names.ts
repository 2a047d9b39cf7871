// How a conversation and a person are called on screen.
import type { Conversation, Id, Person } from '../api/shapes';

/** The other one of a direct message, the contact of a support conversation. */
export function counterpart(conversation: Conversation, me: Id | undefined): Person | null {
  const others = conversation.participants.filter((part) => part.person.id !== me);
  const contact = others.find((part) => part.person.id === conversation.contact_id || part.person.kind === 'contact');
  if (conversation.kind === 'direct') return (others[0] ?? conversation.participants[0])?.person ?? null;
  if (contact && conversation.contact_id) return contact.person;
  return null;
}

export function titleOf(conversation: Conversation, me: Id | undefined, fallback: string): string {
  const { kind, title, slug, subject, number } = conversation;
  if (kind === 'channel') return title ?? slug ?? fallback;
  if (kind === 'ticket') return [number, title ?? subject].filter(Boolean).join(' · ') || fallback;
  const person = counterpart(conversation, me);
  if (kind === 'direct' || kind === 'support') return person?.name ?? title ?? subject ?? fallback;
  if (title ?? subject) return (title ?? subject)!;
  const names = conversation.participants.filter((part) => part.person.id !== me).map((part) => part.person.name.split(' ')[0]);
  return names.slice(0, 4).join(', ') || fallback;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0]!, words[words.length - 1]!] : words;
  return letters.map((word) => [...word][0]!.toLocaleUpperCase()).join('') || '?';
}

/** A stable number from 0 to `size - 1` for an id: the colour of an avatar. */
export function bucket(id: string, size: number): number {
  let hash = 2166136261;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 16777619);
  return (hash >>> 0) % size;
}

/** Letters without accents, vowel marks, strokes and apostrophes, for searching as people type; the server's table (folding.rs) has rare letters too. */
export const folded = (text: string) => text.normalize('NFKD').toLowerCase().replace(/[\p{M}'’]/gu, '').replace(/[ßæøđł]/g, (letter) => ({ ß: 'ss', æ: 'ae', ø: 'o', đ: 'd' })[letter] ?? 'l');
