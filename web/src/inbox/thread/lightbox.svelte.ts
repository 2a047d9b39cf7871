// Which pictures are shown large, and where among them one is.
import type { Attachment } from '$core/api';

const state = $state<{ pictures: readonly Attachment[]; at: number }>({ pictures: [], at: 0 });

export const lightbox = {
  get picture(): Attachment | undefined { return state.pictures[state.at]; },
  get at() { return state.at; },
  get count() { return state.pictures.length; },
  open(pictures: readonly Attachment[], at: number): void {
    Object.assign(state, { pictures, at });
  },
  step(by: number): void {
    state.at = (state.at + by + state.pictures.length) % state.pictures.length;
  },
  close(): void {
    Object.assign(state, { pictures: [], at: 0 });
  },
};
