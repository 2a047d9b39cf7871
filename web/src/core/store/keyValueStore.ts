// A small key-value face over IndexedDB. Where the browser refuses it (private windows), memory serves for the visit.

export type StoreName = 'outbox' | 'drafts' | 'cache';
const STORES: StoreName[] = ['outbox', 'drafts', 'cache'];

export interface KeyValueStore {
  get<T>(store: StoreName, key: string): Promise<T | undefined>;
  all<T>(store: StoreName): Promise<T[]>;
  put(store: StoreName, key: string, value: unknown): Promise<void>;
  delete(store: StoreName, key: string): Promise<void>;
  /** Forgets everything kept for this person. */
  clear(): Promise<void>;
  close(): void;
}

export async function openKeyValueStore(name: string): Promise<KeyValueStore> {
  try {
    return new IndexedDbStore(await openDatabase(name));
  } catch {
    return new MemoryStore();
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      for (const store of STORES) request.result.createObjectStore(store);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
}

class IndexedDbStore implements KeyValueStore {
  constructor(private readonly database: IDBDatabase) {
    database.onversionchange = () => database.close();
  }

  #run<T>(stores: StoreName[], mode: IDBTransactionMode, work: (at: IDBTransaction) => IDBRequest | void): Promise<T> {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(stores, mode);
      const request = work(transaction);
      transaction.oncomplete = () => resolve((request ? request.result : undefined) as T);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  get<T>(store: StoreName, key: string): Promise<T | undefined> {
    return this.#run([store], 'readonly', (at) => at.objectStore(store).get(key));
  }
  all<T>(store: StoreName): Promise<T[]> {
    return this.#run([store], 'readonly', (at) => at.objectStore(store).getAll());
  }
  put(store: StoreName, key: string, value: unknown): Promise<void> {
    return this.#run([store], 'readwrite', (at) => at.objectStore(store).put(value, key));
  }
  delete(store: StoreName, key: string): Promise<void> {
    return this.#run([store], 'readwrite', (at) => at.objectStore(store).delete(key));
  }
  clear(): Promise<void> {
    return this.#run(STORES, 'readwrite', (at) => STORES.forEach((store) => at.objectStore(store).clear()));
  }
  close(): void {
    this.database.close();
  }
}

export class MemoryStore implements KeyValueStore {
  #stores = new Map<StoreName, Map<string, unknown>>(STORES.map((store) => [store, new Map()]));

  async get<T>(store: StoreName, key: string): Promise<T | undefined> {
    return this.#stores.get(store)!.get(key) as T | undefined;
  }
  async all<T>(store: StoreName): Promise<T[]> {
    return [...this.#stores.get(store)!.values()] as T[];
  }
  async put(store: StoreName, key: string, value: unknown): Promise<void> {
    this.#stores.get(store)!.set(key, structuredClone(value));
  }
  async delete(store: StoreName, key: string): Promise<void> {
    this.#stores.get(store)!.delete(key);
  }
  async clear(): Promise<void> {
    for (const store of this.#stores.values()) store.clear();
  }
  close(): void {}
}
