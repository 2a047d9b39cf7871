// Owns: what is being written in one conversation or thread: the text and its draft, what it answers or changes, whether it is a note, the
// files that go with it, and the sending. Must not know: the field in which it is typed, nor what else the field offers (commands, completion).
import { editMessage, type Client, type Conversation, type Id, type Message, type Related, type ReplyTo } from '$core/api';
import { Observable } from '$core/store/observable';
import type { Store } from '$core/store/store';
import type { Drafts, Kept } from '$core/sync/drafts';
import type { Outbox } from '$core/sync/outbox';
import type { Presences } from '$core/sync/presence';
import { uploadKey, type Upload, type Uploads } from '$core/sync/uploads';
import { plain } from '$core/text/plain';
import { quotable } from '$core/text/quoting';
import { mayEdit } from './messageRules';

/** What a session must have for it, and what it can have. */
export interface ComposerSession { client: Client; store: Store; outbox: Outbox; drafts?: Drafts; uploads?: Uploads; presence?: Presences }

export interface ComposerOptions {
  /** The record that goes with the message; without this, the one of the draft. */
  related?: () => Related | null;
  posted?: () => void;
  /** A change was saved; the answer. */
  saved?: (message: Message) => void;
  /** A change could not be saved. */
  failed: (error: unknown) => void;
}

export class ComposerController extends Observable {
  protected readonly session: ComposerSession;
  readonly #options: ComposerOptions;
  text = '';
  replyTo: Message | null = null;
  editing: Message | null = null;
  saving = false;
  /** It is to be sent as soon as its files are there. */
  sendsLater = false;
  /** What the screen gives: the field, and ways to other messages. */
  focus: () => void = () => {};
  goTo: (seq: number) => void = () => {};
  #shownMode = '';
  /** What would be sent if nothing was changed. */
  #unchanged = '';

  constructor(session: ComposerSession, readonly id: Id, options: ComposerOptions) {
    super();
    this.session = session;
    this.#options = options;
  }

  /** From here on it is on the screen; gives what ends that. */
  enter(): () => void {
    const { emitter } = this.session.store;
    const renew = () => this.renew();
    const off = [
      emitter.on(`draft:${this.id}`, renew),
      emitter.on(`conversation:${this.id}`, renew),
      ...this.modes.map((mode) => emitter.on(`uploads:${uploadKey(this.id, mode)}`, () => this.#uploaded())),
    ];
    renew();
    return () => {
      off.forEach((end) => end());
      this.session.drafts?.flush();
    };
  }

  protected get conversation(): Conversation | undefined {
    return this.session.store.conversation(this.id);
  }

  /** What can be written here, each with a draft of its own; the first is written unless something says otherwise. */
  protected get modes(): readonly string[] {
    return ['reply'];
  }

  get mode(): string {
    return this.modes[0]!;
  }

  /** Whether what is written now is a private note. */
  get note(): boolean {
    return false;
  }

  /** The root, in a thread. */
  protected get root(): Id | null {
    return null;
  }

  get draft(): Kept | undefined {
    return this.session.drafts?.get(this.id, this.mode);
  }

  /** Where the files wait that go with the message. */
  get place(): string {
    return uploadKey(this.id, this.mode);
  }

  get uploads(): readonly Upload[] {
    return this.session.uploads?.of(this.place) ?? [];
  }

  get #uploading(): boolean {
    return this.uploads.some((one) => one.state === 'sending');
  }

  get related(): Related | null {
    return this.#options.related ? this.#options.related() : (this.draft?.related ?? null);
  }

  /** The text as it is sent. */
  protected get body(): string {
    return this.text.trim();
  }

  /** By how many characters it is too long. */
  get over(): number {
    return Math.max(0, [...this.body].length - (this.session.store.me?.settings.message_max_chars ?? 20_000));
  }

  get ready(): boolean {
    const filled = this.text.trim() !== '' || (this.uploads.length > 0 && !this.editing);
    return filled && this.over === 0 && !this.saving && !this.uploads.some((one) => one.state === 'failed');
  }

  /** The draft of this mode: shown when the mode is another, and when it has changed elsewhere. */
  protected renew(): void {
    const { mode } = this;
    if (!this.editing) {
      const { body = '', reply_to } = this.draft ?? {};
      if (this.#shownMode !== mode) {
        this.#shownMode = mode;
        this.text = body;
        this.replyTo = quotable(this.replyTo ?? (reply_to && this.session.store.message(this.id, reply_to.id)), this.note);
      } else if (this.session.drafts) this.text = body;
    }
    this.changed();
  }

  #uploaded(): void {
    if (this.sendsLater && !this.#uploading) {
      this.sendsLater = false; // before the files are taken, which is a change of them as well
      if (this.ready) this.post();
    }
    this.changed();
  }

  /** The text is another, by keys or otherwise. */
  type(text: string): void {
    this.text = text;
    if (!this.editing) {
      this.keep();
      this.session.presence?.type(this.id, text.trim() !== '', this.note);
    }
    this.changed();
  }

  protected keep(related?: Related | null): void {
    this.session.drafts?.set(this.id, this.mode, this.text, this.#quote(), related);
  }

  #quote(): ReplyTo | null {
    const to = quotable(this.replyTo, this.note);
    return to && { id: to.id, seq: to.seq, author: to.author, preview: plain(to.html), deleted: false };
  }

  reply(message: Message): void {
    this.editing = null;
    this.replyTo = message;
    this.renew();
    this.focus();
  }

  edit(message: Message): void {
    this.replyTo = null;
    this.editing = message;
    this.text = message.body;
    this.#unchanged = this.body;
    this.changed();
    this.focus();
  }

  /** My last message here is changed; false when there is none. */
  editLast(): boolean {
    const { session: { store }, root } = this;
    const last = store.timeline(root ?? this.id)?.items.findLast((message) => mayEdit(store.me!, message) && Boolean(message.thread_root_id) === Boolean(root));
    if (last) this.edit(last);
    return Boolean(last);
  }

  /** Neither changes nor answers a message any more; false when it did neither. */
  stop(): boolean {
    if (!this.editing && !this.replyTo) return false;
    if (this.editing) this.text = this.draft?.body ?? '';
    this.editing = this.replyTo = null;
    this.keep();
    this.changed();
    this.focus();
    return true;
  }

  attach(files: File[]): void {
    if (this.editing) return;
    this.session.uploads?.add(this.place, files, this.session.store.me?.settings.attachment_max_mb ?? 25);
    this.focus();
  }

  send(): void {
    if (!this.ready) return;
    if (this.editing) void this.#save(this.editing);
    else this.post();
  }

  /** Puts the message on its way; with files that are not there yet, a little later. */
  post(): void {
    const { id, note } = this;
    if (this.#uploading) {
      this.sendsLater = true;
      return this.changed();
    }
    this.session.presence?.type(id, false, note);
    this.session.outbox.add(id, {
      body: this.text.trim(), sent: this.body, is_private_note: note, thread_root_id: this.root, reply_to: this.#quote(), related: this.related,
      attachments: this.session.uploads?.take(this.place),
    });
    this.clear();
    this.#options.posted?.();
  }

  /** What was written is sent, or has become something else. */
  clear(): void {
    this.text = '';
    this.replyTo = null;
    this.sendsLater = false;
    this.session.drafts?.clear(this.id, this.mode);
    this.changed();
  }

  async #save(message: Message): Promise<void> {
    const { body } = this;
    if (body === this.#unchanged) return void this.stop();
    this.saving = true;
    this.changed();
    try {
      const saved = await editMessage(this.session.client, message.id, body);
      this.session.store.putMessage(saved);
      this.#options.saved?.(saved);
      this.stop();
    } catch (error) {
      this.#options.failed(error);
    }
    this.saving = false;
    this.changed();
  }
}
