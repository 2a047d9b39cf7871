// Two short tones for a new message; of several tabs only one sounds.

const HEARD = 'parlor.heard';
let context: AudioContext | null = null;

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
    context ??= new AudioContext();
    const start = context.currentTime;
    for (const [pitch, at] of [[660, 0], [880, 0.09]] as const) {
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, start + at);
      volume.gain.exponentialRampToValueAtTime(0.08, start + at + 0.015);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + at + 0.18);
      tone.connect(volume).connect(context.destination);
      tone.start(start + at);
      tone.stop(start + at + 0.2);
    }
  } catch {
    // a browser without sound, or that waits for a first click
  }
}
