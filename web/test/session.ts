// A server as the tests of controllers and sessions need it: answers by method and path, and everything that was asked.
import { Client, type Conversation, type Message } from '../src/core/api';
import { MemoryStore } from '../src/core/store/keyValueStore';
import { StaffSession } from '../src/core/sync/staffSession';
import { conversation, message, snapshot } from './helpers';

type Answer = (body: unknown, query: Record<string, unknown>) => unknown;

export class FakeClient extends Client {
  readonly asked: string[] = [];
  readonly answers: Record<string, Answer> = {};

  override call = async <T>(method: string, path: string, options: { body?: unknown; query?: Record<string, unknown> } = {}): Promise<T> => {
    const what = `${method} ${path}`;
    this.asked.push(what);
    const answer = this.answers[what];
    return (answer ? answer(options.body, options.query ?? {}) : { items: [], next: null }) as T;
  };
}

/** A session whose store holds these messages of one conversation; its stream is never opened. */
export function sessionWith(seqs: number[], part: Partial<Conversation> = {}): { session: StaffSession; client: FakeClient } {
  const client = new FakeClient();
  const session = new StaffSession(client, new MemoryStore(), { ended: () => {} });
  const known = conversation({ last_seq: seqs.at(-1) ?? 0, ...part });
  session.store.reset(snapshot([known]));
  session.state = 'online';
  client.answers['GET /conversations/c1'] = () => session.store.conversation('c1');
  client.answers['GET /conversations/c1/messages'] = (_body, query) => pageOf(seqs, query);
  client.answers['POST /conversations/c1/messages'] = (body) => message(known.last_seq + 1, body as Partial<Message>);
  return { session, client };
}

const PAGE = 10;

/** As the server pages: around, before or after a message, else the end. */
function pageOf(seqs: number[], query: Record<string, unknown>) {
  const at = (seq: unknown) => seqs.findIndex((one) => one >= Number(seq));
  const [from, to] = query['before'] !== undefined ? [at(query['before']) - PAGE, at(query['before'])]
    : query['after'] !== undefined ? [at(query['after']) + 1, at(query['after']) + 1 + PAGE]
      : query['around'] !== undefined ? [at(query['around']) - PAGE / 2, at(query['around']) + PAGE / 2] : [seqs.length - PAGE, seqs.length];
  const items = seqs.slice(Math.max(0, from), to).map((seq) => message(seq));
  return { items, has_before: Math.max(0, from) > 0, has_after: to < seqs.length };
}

export const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
