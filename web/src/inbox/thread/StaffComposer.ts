// Owns: what the composer of the inbox has besides: private notes, threads, and that a record can be taken off the draft.
import type { Id, Message } from '$core/api';
import { quotable } from '$core/text/quoting';
import { ComposerController, type ComposerOptions, type ComposerSession } from '$thread/ComposerController';

export class StaffComposer extends ComposerController {
  openThread: (root: Message) => void = () => {};
  readonly #root: Id | null;
  #note = false;

  /** `root`: the message whose thread it is. */
  constructor(session: ComposerSession, id: Id, options: ComposerOptions, root: Id | null = null) {
    super(session, id, options);
    this.#root = root;
  }

  protected override get root(): Id | null {
    return this.#root;
  }

  protected override get modes(): readonly string[] {
    return this.#root ? [this.#root] : ['reply', 'note'];
  }

  override get mode(): string {
    return this.note ? 'note' : this.modes[0]!;
  }

  /** Also where one may write nothing else. */
  override get note(): boolean {
    const can = this.conversation?.me.can;
    return !this.#root && Boolean(can?.note) && (this.#note || !can?.post);
  }

  override reply(message: Message): void {
    this.#note = message.is_private_note;
    super.reply(message);
  }

  /** Writes a note, or what everybody reads. */
  write(note: boolean): void {
    this.#note = note;
    this.replyTo = quotable(this.replyTo, this.note);
    this.renew();
  }

  /** The record goes, the text stays. */
  dropRelated(): void {
    this.keep(null);
  }
}
