// Addresses: /app/ (inbox), /app/c/{id}?m=SEQ&thread=ROOT, /app/search?q=…, /app/drafts, /app/compose?to=…&text=…, /app/me,
// /app/admin/{page}, /app/login, /app/setup, /app/invite#TOKEN.
export type Route =
  | { name: 'inbox' }
  | { name: 'conversation'; id: string; seq?: number; thread?: string; note?: boolean }
  | { name: 'search'; query: string; in?: string }
  | { name: 'drafts' }
  | { name: 'compose'; query: string }
  | { name: 'me' }
  | { name: 'admin'; page?: string }
  | { name: 'invite' }
  | { name: 'login' }
  | { name: 'setup' };

const BASE = '/app';

export function parse(url: URL): Route {
  const [first, second] = url.pathname.slice(BASE.length).split('/').filter(Boolean);
  const query = url.searchParams;
  if (first === 'c' && second) {
    const seq = Number(query.get('m')) || undefined;
    return { name: 'conversation', id: decodeURIComponent(second), seq, thread: query.get('thread') ?? undefined, note: query.has('note') || undefined };
  }
  if (first === 'search') return { name: 'search', query: query.get('q') ?? '', in: query.get('in') ?? undefined };
  if (first === 'admin') return { name: 'admin', page: second && decodeURIComponent(second) };
  if (first === 'compose') return { name: first, query: url.search };
  if (first === 'drafts' || first === 'me' || first === 'login' || first === 'setup' || first === 'invite') return { name: first };
  return { name: 'inbox' };
}

export function href(route: Route): string {
  if (route.name === 'inbox') return `${BASE}/`;
  if (route.name === 'conversation') {
    const query = new URLSearchParams();
    if (route.seq) query.set('m', String(route.seq));
    if (route.thread) query.set('thread', route.thread);
    if (route.note) query.set('note', '1');
    return `${BASE}/c/${encodeURIComponent(route.id)}${query.size ? `?${query}` : ''}`;
  }
  if (route.name === 'search') {
    const query = new URLSearchParams();
    if (route.query) query.set('q', route.query);
    if (route.in) query.set('in', route.in);
    return `${BASE}/search${query.size ? `?${query}` : ''}`;
  }
  if (route.name === 'admin') return `${BASE}/admin${route.page ? `/${encodeURIComponent(route.page)}` : ''}`;
  if (route.name === 'compose') return `${BASE}/compose${route.query}`;
  return `${BASE}/${route.name}`;
}

const state = $state<{ route: Route }>({ route: parse(new URL(location.href)) });
addEventListener('popstate', () => (state.route = parse(new URL(location.href))));

export const router = {
  get route(): Route {
    return state.route;
  },
  go(route: Route, replace = false): void {
    const to = href(route);
    if (replace || to === location.pathname + location.search) history.replaceState(null, '', to);
    else history.pushState(null, '', to);
    state.route = route;
  },
  open(id: string, seq?: number): void {
    this.go({ name: 'conversation', id, seq });
  },
};

/** Lets a plain left click on a link change the page without loading it. */
export function follow(event: MouseEvent, route: Route): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  router.go(route);
}
