/** Runs each, and again when what it has read is another; gives what ends that. */
export function watching(...reads: (() => unknown)[]): () => void {
  return $effect.root(() => {
    for (const read of reads) {
      $effect(() => {
        read();
      });
    }
  });
}
