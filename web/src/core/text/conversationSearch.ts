// Finding a conversation by words as people type them: every word must be somewhere in what it is called or in who takes part.
import type { Conversation, Id } from '../api/shapes';
import { folded, titleOf } from './names';

export const wordsOf = (query: string): string[] => folded(query).split(/\s+/).filter(Boolean);

export function matchesWords(conversation: Conversation, me: Id, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const { slug, subject, number, labels, participants } = conversation;
  const text = folded([titleOf(conversation, me, ''), slug, subject, number, ...labels, ...participants.map((part) => part.person.name)].join(' '));
  return words.every((word) => text.includes(word));
}
