// Owns: the names of the parts of a session's state that one can listen to. A name that is not here does not compile.
import type { Id } from '../api/shapes';
import type { Emitter } from './emitter';

type OfConversation = 'conversation' | 'timeline' | 'outbox' | 'draft' | 'typing' | 'viewing' | 'acks';
export type Topic =
  | 'me' | 'list' | 'people' | 'teams' | 'next' | 'connection' | 'outbox' | 'drafts'
  | `${OfConversation}:${Id}` | `presence:${Id}` | `uploads:${string}`;

/** What a session's parts tell each other and the screen by. */
export type Changes = Emitter<Topic>;
