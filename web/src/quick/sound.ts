// The tone for a new message: of several tabs only one sounds.
import { playTone } from '$ui/tone';

const HEARD = 'parlor.heard';

function first(message: string): boolean {
  try {
    if (localStorage.getItem(HEARD) === message) return false;
    localStorage.setItem(HEARD, message);
  } catch {
    // private window: this tab may sound for itself
  }
  return true;
}

export function ring(message: string): void {
  if (!first(message)) return;
  try {
    playTone();
  } catch {
    // a browser without sound
  }
}
