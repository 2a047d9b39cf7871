import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Client, type ChangeEvent, type PresenceStatus } from '../src/core/api';
import { Presences } from '../src/core/sync/presence';
import { Emitter } from '../src/core/store/emitter';
import type { Topic } from '../src/core/store/topics';
import { ana, message, posted, type Of } from './helpers';

const event = <Type extends ChangeEvent['type']>(type: Type, data: Of<Type>['data'], conversation_id: string | null = null): Of<Type> =>
  ({ type, at: '', conversation_id, actor: null, data }) as Of<Type>;
const one = (user_id: string, status: PresenceStatus) => ({ user_id, status, busy: false });

function made() {
  const said: object[] = [];
  const emitter = new Emitter<Topic>();
  const presences = new Presences(new Client(), emitter, { send: (frame) => (said.push(frame), true) }, () => 'me');
  return { presences, emitter, said };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('presence', () => {
  it('is what was told last', () => {
    const { presences } = made();
    expect(presences.status('ana')).toBe('offline');
    presences.event(event('presence', { people: [one('ana', 'online'), one('ben', 'away')] }));
    expect([presences.status('ana'), presences.status('ben')]).toEqual(['online', 'away']);
  });

  it('counts busy only while connected', () => {
    const { presences } = made();
    presences.event(event('status.updated', { user_id: 'ana', busy: true, text: 'hm', text_until: null }));
    expect(presences.status('ana')).toBe('offline');
    presences.event(event('presence', { people: [one('ana', 'online')] }));
    presences.event(event('status.updated', { user_id: 'ana', busy: true, text: null, text_until: null }));
    expect(presences.status('ana')).toBe('busy');
    presences.event(event('status.updated', { user_id: 'ana', busy: false, text: null, text_until: null }));
    expect(presences.status('ana')).toBe('online');
  });
});

describe('typing', () => {
  it('ends with the message, when told, and by itself; one never sees oneself', () => {
    const { presences, emitter } = made();
    const told = vi.fn();
    emitter.on('typing:c', told);
    const types = (person_id: string, typing = true) => presences.event(event('typing', { person_id, typing }, 'c'));
    types('me');
    expect(presences.typing('c')).toEqual([]);
    types('ana');
    types('ben');
    expect(presences.typing('c')).toEqual(['ana', 'ben']);
    types('ben', false);
    presences.event({ ...posted(1, message(1)), conversation_id: 'c', actor: ana });
    expect(presences.typing('c')).toEqual([]);
    types('ana');
    vi.advanceTimersByTime(6_000);
    expect(presences.typing('c')).toEqual([]);
    expect(told).toHaveBeenCalled();
  });

  it('is said now and then while it lasts, and once when it ends', () => {
    const { presences, said } = made();
    for (const at of [0, 1_000, 2_900, 3_100]) presences.type('c', true, false, at);
    expect(said).toHaveLength(2);
    presences.type('c', false, false, 4_000);
    presences.type('c', false, false, 4_100);
    expect(said.at(-1)).toEqual({ type: 'typing', conversation_id: 'c', typing: false, is_private_note: false });
    expect(said).toHaveLength(3);
  });
});
