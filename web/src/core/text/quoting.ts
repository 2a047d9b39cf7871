// What a message may quote: a private note is quoted by notes only, for everybody reads the others.

/** The message to be answered, if one that is a note, or none, may answer it. */
export function quotable<M extends { is_private_note: boolean }>(message: M | null | undefined, note: boolean): M | null {
  return message && (note || !message.is_private_note) ? message : null;
}
