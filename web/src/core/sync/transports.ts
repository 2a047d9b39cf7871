// The three ways in which the event stream reaches a browser. Each tells: ready, events, closed; none reconnects by itself.
import type { Client } from '../api/client';
import type { ChangeEvent } from '../api/shapes';

export type TransportName = 'websocket' | 'sse' | 'poll';

export interface TransportEvents {
  ready(cursor: string, reset: boolean): void;
  events(events: ChangeEvent[], cursor?: string): void;
  /** `code` is the WebSocket close code, or 4001 for a 401, or 1006. */
  closed(code: number): void;
}

export interface Connection {
  close(): void;
  /** Says something to the server; only a WebSocket can. */
  send?(frame: object): void;
}
export type Transport = (cursor: string, on: TransportEvents) => Connection;

const READY_WITHIN = 10_000;
const SILENT_FOR = 60_000;
const POLL_WAIT = 25;

/** Calls `late` unless fed again in time. */
class Watchdog {
  #timer: ReturnType<typeof setTimeout> | undefined;
  constructor(private readonly late: () => void) {}
  feed(within: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.late, within);
  }
  stop(): void {
    clearTimeout(this.#timer);
  }
}

interface Frame { type: string; cursor?: string; reset?: boolean; event?: ChangeEvent }

function frames(text: string): Frame[] {
  try {
    return [JSON.parse(text) as Frame];
  } catch {
    return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Frame);
  }
}

/** How this client's stream is reached. */
export const transportsOf = (client: Client): Record<TransportName, Transport> => ({ websocket: websocket(client), sse: sse(client), poll: poll(client) });

const websocket = (client: Client): Transport => (cursor, on) => {
  let connection: Connection | undefined;
  let closed = false;
  // A token that has ended is renewed before the connection, not after its refusal.
  const open = () => {
    if (!closed) connection = openSocket(client, cursor, on);
  };
  void client.identify().then(open, () => closed || on.closed(1006));
  return {
    send: (frame) => connection?.send!(frame),
    close() {
      closed = true;
      connection?.close();
    },
  };
};

function openSocket(client: Client, cursor: string, on: TransportEvents): Connection {
  const url = new URL(client.address('/ws', { cursor, access_token: client.renew && client.token }), location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(url);
  let done = false;
  const finish = (code: number) => {
    if (done) return;
    done = true;
    watchdog.stop();
    socket.onclose = socket.onmessage = socket.onerror = null;
    socket.close();
    on.closed(code);
  };
  const watchdog = new Watchdog(() => finish(1006));
  watchdog.feed(READY_WITHIN);
  socket.onmessage = (message) => {
    watchdog.feed(SILENT_FOR);
    const events: ChangeEvent[] = [];
    for (const frame of frames(String(message.data))) {
      if (frame.type === 'ping') {
        socket.send('{"type":"pong"}');
        if (frame.cursor && !events.length && !done) on.events([], frame.cursor); // so that a quiet stream's cursor does not grow old
      }
      if (frame.type === 'ready') on.ready(frame.cursor ?? cursor, frame.reset ?? false);
      else if (frame.type === 'event' && frame.event) events.push(frame.event);
    }
    if (events.length && !done) on.events(events);
  };
  socket.onclose = (event) => finish(event.code);
  return {
    send(frame) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    },
    close() {
      done = true;
      watchdog.stop();
      socket.onclose = socket.onmessage = null;
      socket.close();
    },
  };
}

/** SSE over fetch rather than EventSource: it sees every event type and the comments that prove the stream is alive. */
const sse = (client: Client): Transport => (cursor, on) => {
  const abort = new AbortController();
  let done = false;
  const finish = (code: number) => {
    if (done) return;
    done = true;
    watchdog.stop();
    abort.abort();
    on.closed(code);
  };
  const watchdog = new Watchdog(() => finish(1006));
  watchdog.feed(READY_WITHIN);
  const take = (block: string) => {
    if (!done) takeBlock(block, cursor, on);
  };
  readStream(client, client.address('/events/stream', { cursor }), abort.signal, take, () => watchdog.feed(SILENT_FOR)).then(finish, () => finish(1006));
  return {
    close() {
      done = true;
      watchdog.stop();
      abort.abort();
    },
  };
};

function takeBlock(block: string, cursor: string, on: TransportEvents): void {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart());
  }
  const text = fields.get('data');
  if (!text) {
    if (fields.has('id')) on.events([], fields.get('id')); // a comment that carries the cursor on
    return;
  }
  const value = JSON.parse(text) as { cursor?: string } & ChangeEvent;
  const name = fields.get('event');
  if (name === 'ready' || name === 'reset') on.ready(value.cursor ?? cursor, name === 'reset');
  else on.events([value], fields.get('id'));
}

async function readStream(client: Client, url: string, signal: AbortSignal, take: (block: string) => void, alive: () => void): Promise<number> {
  await client.identify();
  const response = await fetch(url, client.identified({ signal, headers: { Accept: 'text/event-stream' }, cache: 'no-store' }));
  if (response.status === 401) return 4001;
  if (!response.ok || !response.body) return 1006;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return 1006;
    alive();
    rest += decoder.decode(value, { stream: true }).replaceAll('\r', '');
    const blocks = rest.split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) take(block);
  }
}

const poll = (client: Client): Transport => (start, on) => {
  const abort = new AbortController();
  let ready = false;
  const loop = async (): Promise<number> => {
    for (let cursor = start; ; ) {
      await client.identify();
      const signal = AbortSignal.any([abort.signal, AbortSignal.timeout((POLL_WAIT + 15) * 1000)]);
      const query = { after: cursor, wait: ready ? POLL_WAIT : 0 };
      const response = await fetch(client.address('/events', query), client.identified({ signal, cache: 'no-store' }));
      if (response.status === 401) return 4001;
      if (!response.ok) return 1006;
      const answer = (await response.json()) as { items: ChangeEvent[]; cursor: string; reset: boolean };
      if (abort.signal.aborted) return 1000;
      cursor = answer.cursor;
      if (!ready || answer.reset) on.ready(cursor, answer.reset);
      ready = true;
      if (answer.items.length) on.events(answer.items, cursor);
    }
  };
  loop().then(
    (code) => abort.signal.aborted || on.closed(code),
    () => abort.signal.aborted || on.closed(1006),
  );
  return { close: () => abort.abort() };
};
