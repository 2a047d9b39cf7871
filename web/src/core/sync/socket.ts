// Keeps one event stream open: WebSocket first, SSE and long poll where WebSocket cannot pass, always with the same cursor.
import type { ChangeEvent } from '../api/shapes';
import type { Connection, Transport, TransportName } from './transports';

export type SocketState = 'connecting' | 'online' | 'offline';

export interface SocketHooks {
  events(events: ChangeEvent[]): void;
  /** Fetches a snapshot into the store and gives its cursor. */
  reset(): Promise<string>;
  state(state: SocketState, transport: TransportName): void;
  /** The session has ended, or may have: give true when the socket should go on. */
  unauthorized(): Promise<boolean>;
}

const ORDER: TransportName[] = ['websocket', 'sse', 'poll'];
const TRIES = 2;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const UPGRADE_EVERY = 60_000;
const CLOSE = { resync: 4000, unauthorized: 4001, restart: 4200 };

export class Socket {
  #cursor: string | null = null;
  #connection: Connection | null = null;
  #probe: Connection | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #upgrade: ReturnType<typeof setTimeout> | undefined;
  #transport: TransportName = 'websocket';
  #failures = 0;
  #running = false;
  #turn = 0;
  state: SocketState = 'connecting';

  constructor(
    private readonly hooks: SocketHooks,
    private readonly transports: Record<TransportName, Transport>,
    private readonly random: () => number = Math.random,
  ) {}

  get transport(): TransportName {
    return this.#transport;
  }

  get cursor(): string | null {
    return this.#cursor;
  }

  /** Without a cursor, a snapshot is fetched first. */
  start(cursor: string | null = null): void {
    this.#cursor = cursor;
    this.#running = true;
    this.#connect();
  }

  stop(): void {
    this.#running = false;
    this.#drop();
  }

  /** Says something over the open WebSocket; false when there is none. */
  send(frame: object): boolean {
    if (this.state !== 'online' || !this.#connection?.send) return false;
    this.#connection.send(frame);
    return true;
  }

  /** The browser says that there is no network: an open stream would notice much later. */
  lost(): void {
    if (!this.#running) return;
    this.#drop();
    this.#failures = Math.max(this.#failures, 1);
    this.#again(FIRST_DELAY * 4, 'offline');
  }

  /** The network may be back: try now rather than at the end of the delay. */
  nudge(): void {
    if (!this.#running || this.state === 'online') return;
    this.#failures = Math.min(this.#failures, 1);
    this.#connect();
  }

  #drop(): void {
    this.#turn += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#upgrade);
    this.#connection?.close();
    this.#probe?.close();
    this.#connection = this.#probe = null;
  }

  #setState(state: SocketState): void {
    this.state = state;
    this.hooks.state(state, this.#transport);
  }

  #connect(): void {
    this.#drop();
    if (this.state === 'online') this.#setState('connecting');
    const turn = this.#turn;
    if (this.#cursor === null) return void this.#snapshot(turn);
    this.#connection = this.transports[this.#transport](this.#cursor, {
      ready: (cursor, reset) => turn === this.#turn && this.#ready(cursor, reset),
      events: (events, cursor) => turn === this.#turn && this.#take(events, cursor),
      closed: (code) => turn === this.#turn && this.#closed(code, this.state === 'online'),
    });
  }

  async #snapshot(turn: number): Promise<void> {
    try {
      const cursor = await this.hooks.reset();
      if (turn !== this.#turn) return;
      this.#cursor = cursor;
      this.#connect();
    } catch (error) {
      if (turn === this.#turn) this.#closed((error as { status?: number }).status === 401 ? CLOSE.unauthorized : 1006, true);
    }
  }

  #ready(cursor: string, reset: boolean): void {
    if (reset) {
      this.#cursor = null;
      this.#connect();
      return;
    }
    this.#cursor = cursor;
    this.#failures = 0;
    this.#setState('online');
    if (this.#transport !== 'websocket') this.#planUpgrade();
  }

  #take(events: ChangeEvent[], cursor?: string): void {
    this.hooks.events(events);
    if (cursor) this.#cursor = cursor;
    else for (const event of events) if ('seq' in event) this.#cursor = advanced(this.#cursor!, event.seq);
  }

  #closed(code: number, wasReady: boolean): void {
    this.#drop();
    if (code === CLOSE.unauthorized) return void this.#unauthorized();
    if (code === CLOSE.resync && wasReady) return this.#again(this.random() * 300, 'connecting');
    if (code === CLOSE.restart) return this.#again(this.random() * 5000, 'connecting');
    this.#failures += 1;
    if (!wasReady && this.#failures >= TRIES && navigator.onLine !== false) this.#stepDown();
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (this.#failures - 1));
    this.#again(delay * (0.5 + this.random() / 2), this.#failures > 1 ? 'offline' : 'connecting');
  }

  async #unauthorized(): Promise<void> {
    const turn = this.#turn;
    this.#setState('offline');
    if ((await this.hooks.unauthorized()) && turn === this.#turn) this.#again(1000, 'offline');
  }

  #again(delay: number, state: SocketState): void {
    if (!this.#running) return;
    this.#setState(state);
    this.#timer = setTimeout(() => this.#connect(), delay);
  }

  /** Two failures of one transport lead to the next; after the last one it begins again with WebSocket. */
  #stepDown(): void {
    const place = ORDER.indexOf(this.#transport) + (this.#failures % TRIES === 0 ? 1 : 0);
    this.#transport = ORDER[place % ORDER.length]!;
  }

  #planUpgrade(): void {
    clearTimeout(this.#upgrade);
    this.#upgrade = setTimeout(() => this.#tryUpgrade(), UPGRADE_EVERY);
  }

  /** Opens a WebSocket beside the poorer stream; once it is ready it takes over. Events seen twice are dropped by their seq. */
  #tryUpgrade(): void {
    const turn = this.#turn;
    const failed = () => {
      this.#probe = null;
      if (turn === this.#turn) this.#planUpgrade();
    };
    this.#probe = this.transports.websocket(this.#cursor!, {
      ready: () => {
        if (turn !== this.#turn) return;
        this.#transport = 'websocket';
        this.#connect();
      },
      events: () => {},
      closed: failed,
    });
  }
}

/** The same cursor, one or more events further on. */
export function advanced(cursor: string, seq: number): string {
  const dot = cursor.indexOf('.');
  const known = Number.parseInt(cursor, 10) || 0;
  return seq > known ? seq + (dot < 0 ? '' : cursor.slice(dot)) : cursor;
}
