// Starts the real server (PARLOR_BIN) with an empty data folder and puts a small company into it.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from './api';

export interface Running { url: string; code: string; data: string; stop: () => Promise<void> }
export interface World {
  url: string;
  people: Record<'ana' | 'ben' | 'chloe', { id: string; name: string; email: string; cookie: string }>;
  channel: string;
  direct: string;
  announcement: string;
  support: string;
  ticket: string;
}

export const PASSWORD = 'correct horse battery';

export function startServer(env: NodeJS.ProcessEnv = {}, port = 0): Promise<Running> {
  const binary = process.env.PARLOR_BIN;
  if (!binary) throw new Error('PARLOR_BIN must name the parlor binary');
  const data = mkdtempSync(join(tmpdir(), 'parlor-e2e-'));
  const child = spawn(binary, ['serve', '--data', data, '--listen', `127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env },
  });
  const ended = new Promise((done) => child.once('exit', done));
  const stop = async () => {
    child.kill('SIGTERM');
    // It writes into its folder until its end.
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  return readStart(child, data, stop);
}

/** The first lines tell the address and, on a fresh installation, the setup code. */
function readStart(child: ChildProcess, data: string, stop: Running['stop']): Promise<Running> {
  return new Promise((resolve, reject) => {
    let text = '';
    const late = setTimeout(() => reject(new Error(`the server did not start:\n${text}`)), 20_000);
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}:\n${text}`)));
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const url = /listening on (http:\S+)/.exec(text)?.[1];
      const code = /setup code (\S+)/.exec(text)?.[1];
      if (!url || !code) return;
      clearTimeout(late);
      resolve({ url, code, data, stop });
    });
  });
}

export async function settle(url: string, code: string): Promise<World> {
  const ana = new Api(url);
  await ana.call('POST', '/setup', { code, name: 'Ana Lima', email: 'ana@example.com', password: PASSWORD });
  await ana.signIn('ana@example.com', PASSWORD);
  await ana.call('PATCH', `/users/${ana.id}`, { external_id: 'pg-ana' }); // administrators are not known by their address
  await ana.call('PATCH', '/settings', { send_rate_per_minute: 0 }); // tests write faster than people
  // The playground's tokens name them by this id: an account that a token finds by its address loses the password made here.
  const user = (name: string, email: string) =>
    ana.call<{ id: string }>('POST', '/users', { name, email, password: PASSWORD, external_id: `pg-${email.split('@')[0]}` });
  const signedIn = async (email: string) => (await new Api(url).signIn(email, PASSWORD)).cookie;
  const people = {
    ana: { id: ana.id, name: 'Ana Lima', email: 'ana@example.com', cookie: ana.cookie },
    ben: { name: 'Ben Roth', email: 'ben@example.com', ...(await user('Ben Roth', 'ben@example.com')), cookie: await signedIn('ben@example.com') },
    chloe: { name: 'Chloé Martin', email: 'chloe@example.com', ...(await user('Chloé Martin', 'chloe@example.com')), cookie: await signedIn('chloe@example.com') },
  };
  const others = [people.ben.id, people.chloe.id];
  const channel = await ana.open({ kind: 'channel', title: 'launch', slug: 'launch', description: 'Everything about the launch', user_ids: others });
  const direct = await ana.open({ kind: 'direct', user_ids: [people.ben.id] });
  const announcement = await ana.open({ kind: 'announcement', title: 'Travel policy', replies_enabled: false, message: { body: 'Trains first, from **1 December**.' } });
  const support = await ana.open({ kind: 'support', contact: { name: 'Léa Dubois', email: 'lea@example.com' }, subject: 'Broken vase', message: { body: 'Hello Léa' } });
  const ticket = await ana.open({ kind: 'ticket', title: 'Printer is broken', message: { body: 'It is on fire' } });
  await ana.say(channel.id, 'Welcome to **launch**, @[Ben Roth]');
  return { url, people, channel: channel.id, direct: direct.id, announcement: announcement.id, support: support.id, ticket: ticket.id };
}

/** A port that is free now. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** With the playground; its pages are also reached as `localhost`, which is another origin. */
export async function startPlayground(tries = 3): Promise<Running> {
  const port = await freePort();
  try {
    return await startServer({ PARLOR_PLAYGROUND: 'true', PARLOR_ORIGINS: `http://localhost:${port}` }, port);
  } catch (error) {
    // Somebody else has taken the port meanwhile.
    if (tries > 1) return startPlayground(tries - 1);
    throw error;
  }
}
