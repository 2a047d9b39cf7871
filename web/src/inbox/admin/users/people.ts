// Users of the tenant in the order and choice that the table shows. Pure.
import type { Id, User } from '$core/api';
import { folded } from '$core/text/names';

export type SortBy = 'name' | 'role' | 'state' | 'seen';
export type StateFilter = 'active' | 'inactive' | 'all';
export interface View { search: string; role: Id | ''; state: StateFilter; by: SortBy; down: boolean }
export interface Known { roleName: (id: Id) => string; seen: (id: Id) => string | null }

export function view(users: User[], wish: View, known: Known): User[] {
  const asked = ways(wish.search).map((way) => way.split(/\s+/).filter(Boolean));
  const fits = (user: User) => {
    const texts = ways(`${user.name} ${user.email ?? ''}`);
    return asked.some((words) => words.every((word) => texts.some((text) => text.includes(word))));
  };
  const chosen = users.filter(
    (user) => fits(user) && (!wish.role || user.roles.includes(wish.role)) && (wish.state === 'all' || user.active === (wish.state === 'active')),
  );
  const roleOf = (user: User) => user.roles.map(known.roleName).sort().join(', ');
  const orders: Record<SortBy, (a: User, b: User) => number> = {
    name: () => 0,
    role: (a, b) => roleOf(a).localeCompare(roleOf(b)),
    state: (a, b) => Number(b.active) - Number(a.active),
    seen: (a, b) => (known.seen(b.id) ?? '').localeCompare(known.seen(a.id) ?? ''),
  };
  const sign = wish.down ? -1 : 1;
  return chosen.sort((a, b) => sign * orders[wish.by](a, b) || (wish.by === 'name' ? sign : 1) * a.name.localeCompare(b.name));
}

const PAIRS: Record<string, string> = { ä: 'ae', ö: 'oe', ø: 'oe', ü: 'ue', å: 'aa' };
/** As the server finds names: without accents, or spelled out by who has no `ü` on the keyboard. */
const ways = (text: string) => [text, text.normalize('NFC').toLowerCase().replace(/[äöøüå]/g, (letter) => PAIRS[letter]!)].map(folded);

const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';
/** A password that can be read out: four groups of four, without look-alikes. */
export function madePassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte, at) => (at && at % 4 === 0 ? '-' : '') + LETTERS[byte % LETTERS.length]).join('');
}
