// One's own picture, and that of others: the middle of a picture, made small before it goes to the server, which cuts and encodes it anew.
import type { Client } from './client';
import { transfer, type Progress, type Target } from './transfer';
import type { Id, User } from './shapes';

/** Twice what the server keeps. */
const SIDE = 512;
const of = (id: Id | 'me') => (id === 'me' ? '/me/avatar' : `/users/${encodeURIComponent(id)}/avatar`);

/** An operation of the server, with what says who is here. */
async function operation(client: Client, method: string, path: string): Promise<Target> {
  await client.identify();
  return { method, url: client.address(path), headers: client.renew ? { Authorization: `Bearer ${client.token ?? ''}` } : { 'X-Parlor-Csrf': '1' } };
}

export const putAvatar = async (client: Client, id: Id | 'me', picture: Blob, progress: Progress, signal: AbortSignal) =>
  JSON.parse(await transfer(client, await operation(client, 'PUT', of(id)), picture, progress, signal)) as User;
export const deleteAvatar = (client: Client, id: Id | 'me') => client.delete<User>(of(id));

/** The square in the middle of `width` x `height`, and how large it is drawn. */
export function middle(width: number, height: number): { x: number; y: number; side: number; drawn: number } {
  const side = Math.min(width, height);
  return { x: Math.round((width - side) / 2), y: Math.round((height - side) / 2), side, drawn: Math.min(SIDE, side) };
}

/** The middle of a picture, upright; null when this browser can read none in it. */
export async function squareOf(file: Blob): Promise<Blob | null> {
  try {
    const picture = await createImageBitmap(file);
    const { x, y, side, drawn } = middle(picture.width, picture.height);
    const canvas = Object.assign(document.createElement('canvas'), { width: drawn, height: drawn });
    const pen = canvas.getContext('2d')!;
    pen.imageSmoothingQuality = 'high';
    pen.drawImage(picture, x, y, side, side, 0, 0, drawn, drawn);
    picture.close();
    // Only a photograph is sure to have nothing that one looks through.
    const [type, quality] = file.type === 'image/jpeg' ? (['image/jpeg', 0.92] as const) : (['image/png', undefined] as const);
    return await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, quality));
  } catch {
    return null;
  }
}
