// What keys mean in a field where one writes a message.

/** Whether this key press sends: Enter, or with Ctrl or Cmd where Enter alone starts a new line. */
export const sends = (event: KeyboardEvent, enterSends: boolean) => event.key === 'Enter' && !event.shiftKey && !event.altKey && (enterSends || event.ctrlKey || event.metaKey);

/** True while an input method composes: Enter and arrows belong to it, not to us. */
export const isImeComposing = (event: KeyboardEvent) => event.isComposing || event.keyCode === 229;
