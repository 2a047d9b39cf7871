// Two soft notes for a new message. Browsers let a page sound only after somebody has touched it.
let audio: AudioContext | undefined;

export function playTone(): void {
  audio ??= new AudioContext();
  void audio.resume();
  const { currentTime: now, destination } = audio;
  for (const [at, pitch] of [[0, 660], [0.12, 880]] as const) {
    const note = audio.createOscillator();
    const loud = audio.createGain();
    note.frequency.value = pitch;
    loud.gain.setValueAtTime(0, now + at);
    loud.gain.linearRampToValueAtTime(0.12, now + at + 0.015);
    loud.gain.exponentialRampToValueAtTime(0.001, now + at + 0.25);
    note.connect(loud).connect(destination);
    note.start(now + at);
    note.stop(now + at + 0.3);
  }
}
