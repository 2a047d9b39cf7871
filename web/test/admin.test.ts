// The pure rules behind the administration's pages.
import { expect, test } from 'vitest';
import type { Health, User } from '../src/core/api';
import { cell, csv } from '../src/inbox/admin/audit/csv';
import { bytes, duration, verdictOf } from '../src/inbox/admin/health/figures';
import { LANGUAGES, sample } from '../src/inbox/admin/keys/samples';
import { RIGHT_GROUPS } from '../src/inbox/admin/roles/rights';
import { grouped, isSame, refusal, spoken, typed } from '../src/inbox/admin/settings/settingGroups';
import { madePassword, view } from '../src/inbox/admin/users/people';
import { nameOf } from '../src/inbox/me/devices';
import { next, previous } from '../src/inbox/setup/progress';
import more from '../locales/admin/en.json';
import en from '../locales/en.json';

test('a spreadsheet runs nothing that comes from the log', () => {
  for (const evil of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1']) expect(cell(evil)).toBe(`"'${evil}"`);
  expect(cell(-5)).toBe('-5');
  expect(cell('plain')).toBe('plain');
  expect(cell('a "b", c')).toBe('"a ""b"", c"');
  expect(cell({ name: 'x' })).toBe('"{""name"":""x""}"');
  expect(csv(['a', 'b'], [[null, 'two\nlines']])).toBe('\uFEFFa,b\r\n,"two\nlines"\r\n');
});

const user = (name: string, more: Partial<User> = {}): User => ({
  id: name, kind: 'user', name, email: `${name}@example.com`, avatar_url: null, roles: [], teams: [], stores: [], active: true, super_admin: false, created_at: '', time_zone: '', ...more,
});

test('users are found without accents, filtered and sorted', () => {
  const users = [user('Zoë', { roles: ['r1'] }), user('Adam'), user('Émile', { active: false })];
  const known = { roleName: (id: string) => (id === 'r1' ? 'agent' : ''), seen: (id: string) => (id === 'Zoë' ? '2026-01-01' : null) };
  const names = (wish: Partial<Parameters<typeof view>[1]>) => view([...users], { search: '', role: '', state: 'active', by: 'name', down: false, ...wish }, known).map((one) => one.name);
  expect(names({})).toEqual(['Adam', 'Zoë']);
  expect(names({ down: true })).toEqual(['Zoë', 'Adam']);
  expect(names({ state: 'all', search: 'emi' })).toEqual(['Émile']);
  for (const [name, asked] of [['Jörg Ångström', 'joerg angstrom'], ['Joerg Angstroem', 'jörg'], ['Jorg', 'jörg']] as const) {
    expect(view([user(name), user('Adam')], { search: asked, role: '', state: 'active', by: 'name', down: false }, known).map((one) => one.name)).toEqual([name]);
  }
  expect(names({ role: 'r1' })).toEqual(['Zoë']);
  expect(names({ by: 'seen' })).toEqual(['Zoë', 'Adam']);
  expect(madePassword()).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/);
});

test('settings: what is typed is checked, what is new still shows', () => {
  const whole = { type: 'integer' as const, min: 0, max: 20 };
  expect(refusal('12', whole)).toBeNull();
  expect(refusal('1.5', whole)).toBe('settings.whole');
  expect(refusal('21', whole)).toBe('settings.between');
  expect(refusal('zwölf', { type: 'text', max_chars: 5 })).toBeNull();
  expect(refusal('zwölf!', { type: 'secret', max_chars: 5 })).toBe('settings.long');
  expect([typed({ type: 'integer' }, ' 12'), typed({ type: 'text' }, '12')]).toEqual([12, '12']);
  const secret = { key: 's', environment: '', type: 'secret' as const, max_chars: 5, default: null, public: false, text: '', value: true, source: 'tenant' as const };
  expect([isSame(secret, ''), isSame(secret, 'new'), isSame(secret, null)]).toEqual([true, false, false]);
  expect(isSame({ ...secret, value: false, source: 'default' }, null)).toBe(true);
  const text = { ...secret, type: 'text' as const, value: 'a' };
  expect([isSame(text, 'a'), isSame(text, 'a ')]).toEqual([true, false]);
  expect(spoken(86_400)).toEqual({ unit: 'day', count: 1 });
  expect(spoken(30)).toBeNull();
  const setting = (key: string) => ({ key, environment: '', type: 'boolean' as const, default: 0, public: false, text: 'New', value: false, source: 'default' as const });
  expect(grouped([setting('retention_days'), setting('from_the_future')])).toEqual([{ group: 'features', settings: [setting('from_the_future')] }]);
});

test('every right has its words and one place in the grid', () => {
  const rights = RIGHT_GROUPS.flatMap((group) => group.rights);
  expect(new Set(rights).size).toBe(rights.length);
  const named = Object.keys(en).filter((key) => key.startsWith('right.')).map((key) => key.slice(6));
  expect([...rights].sort()).toEqual(named.sort());
  for (const right of rights) expect(more).toHaveProperty([`right_hint.${right}`]);
});

test('samples name the tenant and the key, and nothing breaks out of their quotes', () => {
  for (const { id } of LANGUAGES) {
    expect(sample(id, { tenant: 'acme', kid: 'june' })).toMatch(/acme[\s\S]*exp|kid[\s\S]*acme/);
    expect(sample(id, { tenant: "a'; drop", kid: null })).not.toContain("a'; drop");
  }
});

test('figures in words and what is worth a warning', () => {
  expect(bytes(1_500_000, 'en')).toBe('1.5 MB');
  expect(duration(3 * 86_400_000 + 4 * 3_600_000, 'en')).toBe('3 days 4 hr');
  expect(duration(500, 'en')).toMatch(/^[01] sec/);
  const health = { redis: null, queue_longest: 0, jobs: [{ job: 'webhooks', lag_seconds: 0 }], database: { commit_ms: 1, writes_waiting: 0 } } as unknown as Health;
  expect(verdictOf(health)).toEqual([]);
  expect(verdictOf(health, 2)).toEqual(['dead']);
  expect(verdictOf({ ...health, redis: 'lost', jobs: [{ job: 'webhooks', lag_seconds: 90 }] })).toEqual(['redis', 'jobs']);
});

test('browsers are named, the first run goes forwards and back', () => {
  expect(nameOf('Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0')).toEqual({ browser: 'Edge', system: 'Windows' });
  expect(nameOf(null)).toEqual({ browser: null, system: null });
  expect(next('embed')).toBeNull();
  expect(previous('company')).toBeNull();
  expect(previous('people')).toBe('channel');
});
