import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChangeEvent } from '../src/core/api';
import { Presences, typingTopic } from '../src/core/presence';
import { Topics } from '../src/core/topics';

const event = (type: string, data: object, conversation_id: string | null = null): ChangeEvent =>
  ({ type, at: '', conversation_id, actor: null, data: data as Record<string, unknown> });
const one = (user_id: string, status: string) => ({ user_id, status, busy: false, text: null, text_until: null, last_active_at: null, last_seen_at: null });

function made() {
  const said: object[] = [];
  const topics = new Topics();
  const presences = new Presences(topics, { send: (frame) => (said.push(frame), true) }, () => 'me');
  return { presences, topics, said };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('presence', () => {
  it('is what was told last', () => {
    const { presences } = made();
    expect(presences.status('ana')).toBe('offline');
    presences.take(event('presence', { people: [one('ana', 'online'), one('ben', 'away')] }));
    expect([presences.status('ana'), presences.status('ben')]).toEqual(['online', 'away']);
  });

  it('counts busy only while connected', () => {
    const { presences } = made();
    presences.take(event('status.updated', { user_id: 'ana', busy: true, text: 'hm', text_until: null }));
    expect(presences.status('ana')).toBe('offline');
    presences.take(event('presence', { people: [one('ana', 'online')] }));
    presences.take(event('status.updated', { user_id: 'ana', busy: true, text: null, text_until: null }));
    expect(presences.status('ana')).toBe('busy');
    presences.take(event('status.updated', { user_id: 'ana', busy: false, text: null, text_until: null }));
    expect(presences.status('ana')).toBe('online');
  });
});

describe('typing', () => {
  it('ends with the message, when told, and by itself; one never sees oneself', () => {
    const { presences, topics } = made();
    const told = vi.fn();
    topics.on(typingTopic('c'), told);
    const types = (person_id: string, typing = true) => presences.take(event('typing', { person_id, typing }, 'c'));
    types('me');
    expect(presences.typing('c')).toEqual([]);
    types('ana');
    types('ben');
    expect(presences.typing('c')).toEqual(['ana', 'ben']);
    types('ben', false);
    presences.take({ ...event('message.posted', {}, 'c'), actor: { id: 'ana', kind: 'user', name: 'Ana', avatar_url: null } });
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
