// Owns: what the composer of the inbox has besides: private notes, threads, whom its mentions mean, and that a record can be taken off the draft.
import type { Id, Message } from '$core/api';
import { changed, chosen, known, withIds, type Meant } from '$core/text/mentions';
import { quotable } from '$core/text/quoting';
import { ComposerController, type ComposerOptions, type ComposerSession } from '$thread/ComposerController';

/** Of each text that is being written here, also while another conversation is open. */
const meant = new Map<string, Meant>();

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

  get #place(): string {
    return this.editing?.id ?? this.place;
  }

  #meant(caret = 0): Meant {
    return changed(meant.get(this.#place) ?? { text: '', ids: [] }, this.text, caret);
  }

  protected override get body(): string {
    return withIds(this.#meant()).trim();
  }

  /** `caret`: where the change ends. */
  override type(text: string, caret = text.length): void {
    this.text = text;
    meant.set(this.#place, this.#meant(caret));
    super.type(text);
  }

  /** Somebody was chosen for the mention at this place. */
  choose(at: number, id: Id): void {
    meant.set(this.#place, chosen(this.#meant(), at, id));
  }

  override edit(message: Message): void {
    meant.set(message.id, known(message.body, message.mentions));
    super.edit(message);
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
