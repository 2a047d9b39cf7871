// Owns: the session of a person of the staff, as the inbox and the quick messenger have it: the session that everybody has, with all its parts.
import { listTeams, type Client, type Me, type Snapshot } from '../api';
import { openKeyValueStore } from '../store/keyValueStore';
import { Cache, lastUser } from './cache';
import { ConversationPages } from './conversationPages';
import { Drafts } from './drafts';
import { Presences } from './presence';
import { ReadPositions } from './readPositions';
import { Session, type SessionHooks } from './session';
import { Timelines } from './timelines';
import { Uploads } from './uploads';

export interface StaffHooks extends SessionHooks {
  /** Whether this browser may start with this person the next time; not in pages of others. */
  remembers: boolean;
}

export class StaffSession extends Session {
  readonly cache = this.add(new Cache(this.keyValues, this.store));
  readonly drafts = this.add(new Drafts(this.client, this.keyValues, this.store.emitter));
  readonly uploads = this.add(new Uploads(this.client, this.keyValues, this.store.emitter));
  readonly readPositions = this.add(new ReadPositions(this.client, this.store));
  readonly presence = this.add(new Presences(this.client, this.store.emitter, this.socket, () => this.store.me?.id));
  readonly pages = this.add(new ConversationPages(this.client, this.store));
  readonly timelines = new Timelines(this.client, this.store, this.cache);
  #remembers = false;

  /** Without `me`: whoever was here last, if this browser remembers anybody. */
  static async open(client: Client, me: Me | null, { remembers, ...hooks }: StaffHooks): Promise<StaffSession> {
    const name = me ? databaseOf(me) : lastUser.get();
    const session = new StaffSession(client, await openKeyValueStore(name ?? 'parlor'), hooks);
    session.#remembers = remembers;
    session.add({ snapshot: (snapshot) => session.#greeted(snapshot) });
    if (me) session.#remember(me);
    return session.start(me);
  }

  #greeted({ me }: Snapshot): void {
    this.#remember(me);
    listTeams(this.client).then(({ items }) => this.store.putTeams(items), () => {});
  }

  #remember(me: Me): void {
    if (this.#remembers) lastUser.set(databaseOf(me));
  }

  override async forget(): Promise<void> {
    if (this.#remembers) lastUser.set(null);
    await super.forget();
  }
}

const databaseOf = (me: Me) => `parlor-${me.tenant.id}-${me.id}`;
