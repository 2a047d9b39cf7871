// Owns: how one client talks to the server and proves who is here, and the one error that it throws.
// Must not know: what is asked for (index.ts, admin.ts). Nothing here is of the module: a page may hold several clients.

export interface Problem {
  status: number;
  code: string;
  detail: string;
  field?: string;
  rule?: string;
  right?: string;
  request_id?: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field?: string;
  readonly rule?: string;
  readonly right?: string;
  readonly requestId?: string;
  readonly retryAfter?: number;

  constructor(problem: Problem, retryAfter?: number) {
    super(problem.detail || problem.code);
    this.name = 'ApiError';
    this.status = problem.status;
    this.code = problem.code;
    this.field = problem.field;
    this.rule = problem.rule;
    this.right = problem.right;
    this.requestId = problem.request_id;
    this.retryAfter = retryAfter;
  }

  /** True when trying the same call again later may help. */
  get transient(): boolean {
    return this.code === 'offline' || this.status === 429 || this.status === 408 || this.status >= 500;
  }
}

export type Query = Record<string, string | number | boolean | undefined | null>;
export interface CallOptions { query?: Query; body?: unknown; signal?: AbortSignal; timeout?: number; /** Goes out although the page is being left. */ keepalive?: boolean }

const API = '/api/v1';
const RENEW_BEFORE = 20_000;

/** When a token ends, in milliseconds since 1970; what is no token of ours is asked for again only when it is refused. */
export function endOf(token: string): number {
  try {
    const part = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
    return (JSON.parse(atob(part)) as { exp: number }).exp * 1000 || Infinity;
  } catch {
    return Infinity;
  }
}

export class Client {
  /** Where the server is; empty: where the page came from. */
  origin = '';
  /** Without `renew` the browser's cookie says who is here; with it, the token of a host application. */
  token: string | null = null;
  renew: (() => Promise<string>) | null = null;
  /** Called whenever the server says that nobody is signed in. */
  unauthorized: () => void = () => {};
  #renewing: Promise<void> | null = null;

  get = <T>(path: string, query?: Query, signal?: AbortSignal) => this.call<T>('GET', path, { query, signal });
  post = <T>(path: string, body: unknown = {}) => this.call<T>('POST', path, { body });
  patch = <T>(path: string, body: unknown) => this.call<T>('PATCH', path, { body });
  put = <T>(path: string, body?: unknown) => this.call<T>('PUT', path, { body });
  delete = <T>(path: string, query?: Query) => this.call<T>('DELETE', path, { query });

  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (method !== 'GET' && !this.renew) headers['X-Parlor-Csrf'] = '1';
    if (options.body !== undefined) headers['Content-Type'] = 'application/json';
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const attempt = () => send(this.address(path, options.query), this.identified({ method, headers, body, signal: joinSignals(options), keepalive: options.keepalive }));
    await this.identify();
    let response = await attempt();
    if (response.status === 401 && this.renew) {
      await this.identify(true);
      response = await attempt();
    }
    if (response.ok) return (response.status === 204 ? undefined : await readJson(response)) as T;
    const error = await readProblem(response);
    if (error.status === 401) this.unauthorized();
    throw error;
  }

  /** Asks the host application for a token when there is none, when it ends soon, or when `anew`. One question at a time. */
  async identify(anew = false): Promise<void> {
    const { token, renew } = this;
    if (!renew || (!anew && token && endOf(token) - Date.now() > RENEW_BEFORE)) return;
    this.#renewing ??= renew()
      .then((fresh) => void (this.token = fresh.trim()))
      .finally(() => (this.#renewing = null));
    await this.#renewing.catch((cause: unknown) => {
      throw cause instanceof ApiError ? cause : new ApiError({ status: 0, code: 'offline', detail: 'The application gave no token' });
    });
  }

  /** The same request with the cookie or the token. */
  identified(init: RequestInit): RequestInit {
    if (!this.renew) return { ...init, credentials: 'same-origin' };
    return { ...init, credentials: 'omit', headers: { ...(init.headers as Record<string, string>), Authorization: `Bearer ${this.token ?? ''}` } };
  }

  /** An address that the server gave, such as that of a picture. */
  served(path: string): string {
    return path.startsWith('/') ? this.origin + path : path;
  }

  address(path: string, query: Query = {}): string {
    const params = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined && value !== null && value !== '') params.set(key, String(value));
    }
    const text = params.toString();
    return this.origin + API + path + (text ? `?${text}` : '');
  }
}

function joinSignals(options: CallOptions): AbortSignal {
  const timeout = AbortSignal.timeout(options.timeout ?? 20_000);
  return options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError({ status: 0, code: 'offline', detail: 'The server cannot be reached' });
  }
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    throw new ApiError({ status: 502, code: 'unavailable', detail: 'The server sent something unreadable' });
  }
}

export async function readProblem(response: Response): Promise<ApiError> {
  const retry = Number(response.headers.get('Retry-After')) || undefined;
  const fallback = { status: response.status, code: response.status >= 500 ? 'unavailable' : 'internal', detail: '' };
  try {
    const problem = (await response.json()) as Problem;
    return new ApiError({ ...fallback, ...problem, status: response.status }, retry);
  } catch {
    return new ApiError(fallback, retry);
  }
}
