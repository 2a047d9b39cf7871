// The native API as the tests use it, to put things in place without the screens.
export class Api {
  cookie = '';
  id = '';

  constructor(readonly base: string) {}

  async call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { 'X-Parlor-Csrf': '1', Cookie: this.cookie };
    const raw = body instanceof FormData || body instanceof Blob;
    if (body !== undefined && !raw) headers['Content-Type'] = 'application/json';
    const response = await fetch(`${this.base}/api/v1${path}`, { method, headers, body: raw ? body : body === undefined ? undefined : JSON.stringify(body) });
    const cookie = response.headers.get('set-cookie');
    if (cookie) this.cookie = cookie.split(';')[0]!;
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  async signIn(email: string, password: string): Promise<this> {
    const { me } = await this.call<{ me: { id: string } }>('POST', '/sessions', { email, password });
    this.id = me.id;
    return this;
  }

  open(body: Record<string, unknown>): Promise<{ id: string }> {
    return this.call('POST', '/conversations', { client_id: crypto.randomUUID(), ...body });
  }

  /** A file that waits for a message. */
  upload(name: string, bytes: Buffer): Promise<{ id: string }> {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(bytes)]), name);
    return this.call('POST', '/files', form);
  }

  say(conversation: string, body: string, more: Record<string, unknown> = {}): Promise<{ id: string; seq: number }> {
    return this.call('POST', `/conversations/${conversation}/messages`, { body, client_id: crypto.randomUUID(), ...more });
  }
}
