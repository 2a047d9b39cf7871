// Files on their way to the server before their message is sent: by conversation and mode, with progress, cancel and retry. What has
// arrived is kept in the browser like a draft. Knows nothing of how they look.
import { ApiError, askUpload, confirmUpload, describeFile, type Attachment, type Client, type Id } from '../api';
import { transfer, type Progress } from '../api/transfer';
import { newId } from './newId';
import type { KeyValueStore } from '../store/keyValueStore';
import type { Changes } from '../store/topics';
import type { SessionPart } from './session';

export interface Upload {
  key: string;
  name: string;
  type: string;
  size: number;
  /** 0 to 1. */
  progress: number;
  state: 'sending' | 'done' | 'failed';
  error: ApiError | null;
  attachment: Attachment | null;
  /** Shows a picture before the server has it. */
  preview: string | null;
  description: string;
}

type Send = (file: File, progress: Progress, signal: AbortSignal) => Promise<Attachment>;
interface Kept { at: number; list: Attachment[] }

export const MOST_FILES = 10;
/** The server removes what nobody has sent after a day. */
const SERVES = 20 * 3_600_000;
const KEPT = 'uploads';
const PICTURES = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;

export const isPicture = (type: string) => PICTURES.test(type);
export const uploadKey = (conversation: Id, mode: string) => `${conversation}:${mode}`;

export class Uploads implements SessionPart {
  #lists = new Map<string, Upload[]>();
  #files = new Map<string, File>();
  #sending = new Map<string, AbortController>();
  #since = new Map<string, number>();

  constructor(
    private readonly client: Client,
    private readonly keyValues: KeyValueStore,
    private readonly emitter: Changes,
    private readonly send: Send = upload.bind(null, client),
  ) {}

  async load(): Promise<void> {
    const kept = (await this.keyValues.get<Record<string, Kept>>('cache', KEPT)) ?? {};
    for (const [key, { at, list }] of Object.entries(kept)) {
      if (Date.now() - at > SERVES || this.#lists.has(key)) continue;
      this.#since.set(key, at);
      this.#set(key, list.map(arrived));
    }
  }

  of(key: string): readonly Upload[] {
    return this.#lists.get(key) ?? [];
  }

  /** Takes files in; those too large, or too many, stand there with the reason. */
  add(key: string, files: readonly File[], mostMegabytes: number): void {
    const room = MOST_FILES - this.of(key).length;
    const fresh = files.map((file, index): Upload => {
      const fits = index < room && file.size <= mostMegabytes * 1_000_000;
      const error = fits ? null : new ApiError({ status: 413, code: index < room ? 'file_too_large' : 'too_many_files', detail: '' });
      return {
        key: newId(), name: file.name || 'file', type: file.type, size: file.size, progress: 0, state: fits ? 'sending' : 'failed',
        error, attachment: null, preview: fits && isPicture(file.type) ? URL.createObjectURL(file) : null, description: '',
      };
    });
    fresh.forEach((one, index) => this.#files.set(one.key, files[index]!));
    this.#set(key, [...this.of(key), ...fresh]);
    for (const one of fresh) if (one.state === 'sending') void this.#start(key, one.key);
  }

  retry(key: string, id: string): void {
    this.#change(key, id, { state: 'sending', error: null, progress: 0 });
    void this.#start(key, id);
  }

  /** The connection is back: what it had cut off is tried again. */
  connected(): void {
    for (const [key, list] of this.#lists) for (const one of list) if (one.error?.transient) this.retry(key, one.key);
  }

  remove(key: string, id: string): void {
    this.#sending.get(id)?.abort();
    this.#forget(this.of(key).filter((one) => one.key === id));
    this.#set(key, this.of(key).filter((one) => one.key !== id));
  }

  /** The message has them now. */
  take(key: string): Attachment[] {
    const list = this.of(key);
    this.#forget(list);
    this.#set(key, []);
    return list.flatMap((one) => (one.attachment ? [one.attachment] : []));
  }

  async describe(key: string, id: string, description: string): Promise<void> {
    const one = this.of(key).find((upload) => upload.key === id);
    if (!one?.attachment || one.description === description) return;
    const attachment = await describeFile(this.client, one.attachment.id, description);
    this.#change(key, id, { description, attachment });
  }

  async #start(key: string, id: string): Promise<void> {
    const file = this.#files.get(id);
    if (!file) return;
    const abort = new AbortController();
    this.#sending.set(id, abort);
    try {
      const attachment = await this.send(file, (progress) => this.#change(key, id, { progress }), abort.signal);
      this.#change(key, id, { state: 'done', progress: 1, attachment });
    } catch (error) {
      if (!abort.signal.aborted) this.#change(key, id, { state: 'failed', error: error as ApiError });
    }
    this.#sending.delete(id);
  }

  #change(key: string, id: string, changes: Partial<Upload>): void {
    if (this.of(key).some((one) => one.key === id)) this.#set(key, this.of(key).map((one) => (one.key === id ? { ...one, ...changes } : one)));
  }

  #forget(list: readonly Upload[]): void {
    for (const one of list) {
      this.#files.delete(one.key);
      if (one.preview) URL.revokeObjectURL(one.preview);
    }
  }

  #set(key: string, list: Upload[]): void {
    const before = this.of(key).filter((one) => one.attachment);
    if (list.length) this.#lists.set(key, list);
    else this.#lists.delete(key);
    if (!this.#since.has(key)) this.#since.set(key, Date.now());
    if (list.length === 0) this.#since.delete(key);
    this.emitter.changed(`uploads:${key}`);
    const after = list.filter((one) => one.attachment);
    if (before.length !== after.length || before.some((one, index) => one.attachment !== after[index]!.attachment)) this.#keep();
  }

  #keep(): void {
    const kept: Record<string, Kept> = {};
    for (const [key, list] of this.#lists) {
      const done = list.flatMap((one) => (one.attachment ? [one.attachment] : []));
      if (done.length) kept[key] = { at: this.#since.get(key) ?? Date.now(), list: done };
    }
    void this.keyValues.put('cache', KEPT, kept).catch(() => {});
  }
}

const arrived = (attachment: Attachment): Upload => ({
  key: attachment.id, name: attachment.name, type: attachment.content_type, size: attachment.size, progress: 1, state: 'done', error: null,
  attachment, preview: null, description: attachment.description ?? '',
});

/** Straight to where files are kept. */
async function upload(client: Client, file: File, progress: Progress, signal: AbortSignal): Promise<Attachment> {
  const to = await askUpload(client, file);
  await transfer(client, to, file, progress, signal);
  return confirmUpload(client, to.id);
}
