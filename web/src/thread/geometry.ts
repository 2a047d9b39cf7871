// How large a picture stands in a thread: known from its measures before it is loaded, so that nothing jumps.
import type { Attachment } from '$core/api';

export interface Box { width: number; height: number; cut: boolean }
const LARGE = { width: 360, height: 280 };
const SMALL = { width: 160, height: 120 };
const LEAST = 48;

/** `many` stand in a row, all the same size and cut to fit. */
export function boxOf({ width, height }: Pick<Attachment, 'width' | 'height'>, many: boolean): Box {
  if (many) return { ...SMALL, cut: true };
  if (!width || !height) return { width: 280, height: 200, cut: false };
  const scale = Math.min(1, LARGE.width / width, LARGE.height / height);
  const [wide, tall] = [Math.round(width * scale), Math.round(height * scale)];
  return { width: Math.max(LEAST, wide), height: Math.max(LEAST, tall), cut: false };
}
