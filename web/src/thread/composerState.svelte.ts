// What the composer of one conversation (or thread) is doing: replying to, writing a note, editing.
import type { Message } from '$core/api';
import { quotable } from '$core/text/quoting';

export class ComposerState {
  replyTo = $state<Message | null>(null);
  editing = $state<Message | null>(null);
  note = $state(false);
  focus: () => void = () => {};
  /** Files dropped on the thread, or pasted. */
  addFiles: (files: File[]) => void = () => {};
  /** Opens the side panel of a thread. */
  openThread: (root: Message) => void = () => {};
  /** Shows a message of this conversation that may not be loaded. */
  goTo: (seq: number) => void = () => {};

  reply(message: Message): void {
    this.editing = null;
    this.note = message.is_private_note;
    this.replyTo = message;
    this.focus();
  }

  /** Writes a note, or what everybody reads. */
  write(note: boolean): void {
    this.note = note;
    this.replyTo = quotable(this.replyTo, note);
  }

  edit(message: Message): void {
    this.replyTo = null;
    this.editing = message;
    this.focus();
  }
}
