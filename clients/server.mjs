// A real server for the tests of this folder: the binary, a fresh data folder, a free port, and people who use it.
import { spawn, spawnSync } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const BIN = process.env.PARLOR_BIN ?? new URL('../target/debug/parlor', import.meta.url).pathname;
export const SECRET = 'the secret of the host application in these tests';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as a host application signs it; `claims.exp` is an hour from now when not given. */
export function token(claims, secret = SECRET) {
  const now = Math.floor(Date.now() / 1000);
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ exp: now + 3600, iat: now, ...claims })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** Starts a program that says `listening on ADDRESS`; answers the address and how to stop it. */
export async function run(program, args, env) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const over = new Promise((done) => child.once('exit', done));
  const die = () => child.kill('SIGKILL');
  process.once('exit', die);
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise((found, failed) => {
    lines.on('line', (line) => line.startsWith('listening on ') && found(line.slice(13).trim()));
    over.then((code) => failed(new Error(`${program} ended with status ${code}`)));
    child.once('error', failed);
  });
  const stop = async (signal = 'SIGTERM') => {
    child.kill(signal);
    await over;
    process.off('exit', die);
  };
  return { url, stop };
}

/** Somebody who calls the native API. */
export class Person {
  constructor(server, token) {
    this.server = server;
    this.token = token;
  }

  async call(method, path, body) {
    const headers = { Authorization: `Bearer ${this.token}` };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const response = await fetch(`${this.server.url}/api/v1${path}`, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  async arrive() {
    this.id = (await this.call('GET', '/me')).id;
    return this;
  }

  group(title, others) {
    return this.call('POST', '/conversations', { kind: 'group', title, user_ids: others.map((other) => other.id) });
  }

  direct(other) {
    return this.call('POST', '/conversations', { kind: 'direct', user_ids: [other.id] });
  }

  say(conversation, body) {
    return this.call('POST', `/conversations/${conversation.id}/messages`, { body, client_id: randomUUID() });
  }
}

/** A server of its own for a test file. Give `stop` to `after`. */
export class Server {
  static async start(env = {}) {
    const server = new Server();
    server.data = await mkdtemp(join(tmpdir(), 'parlor-clients-'));
    server.env = { PARLOR_DATA: server.data, PARLOR_JWT_SECRET: SECRET, PARLOR_LOG: 'warn', DATABASE_URL: '', ...env };
    await server.begin();
    return server;
  }

  async begin(listen = '127.0.0.1:0') {
    this.process = await run(BIN, ['serve'], { ...this.env, PARLOR_LISTEN: listen });
    this.url = this.process.url;
  }

  /** Stops and starts again on the same data, at the same address. */
  async restart(signal = 'SIGTERM') {
    await this.process.stop(signal);
    await this.begin(new URL(this.url).host);
  }

  async stop() {
    await this.process.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  /** Runs a command of the binary on the server's data and answers what it printed. */
  command(...args) {
    const ran = spawnSync(BIN, args, { env: { ...process.env, ...this.env }, encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`parlor ${args.join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  }

  /** A member of staff; `claims` as in a host's token. */
  user(name, claims = {}, secret = SECRET) {
    return new Person(this, token({ sub: name.toLowerCase(), name, ...claims }, secret)).arrive();
  }

  contact(name, claims = {}) {
    return this.user(name, { kind: 'contact', ...claims });
  }
}

/** Waits until `look` answers something, at most ten seconds. */
export async function eventually(look, what = 'it') {
  const end = Date.now() + 10_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited too long for ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
