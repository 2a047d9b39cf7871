// Bytes on their way to the server. fetch tells nothing of how far they are; XMLHttpRequest does.
import { ApiError, readProblem, type Client } from './client';

export type Progress = (part: number) => void;

export async function transfer<T>(client: Client, method: 'POST' | 'PUT', path: string, body: Blob | FormData, progress: Progress, signal?: AbortSignal): Promise<T> {
  await client.identify();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, client.address(path));
    if (client.renew) request.setRequestHeader('Authorization', `Bearer ${client.token ?? ''}`);
    else request.setRequestHeader('X-Parlor-Csrf', '1');
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = () => reject(new ApiError({ status: 0, code: 'offline', detail: 'The server cannot be reached' }));
    request.onload = async () => {
      const response = new Response(request.responseText, { status: request.status, headers: { 'Retry-After': request.getResponseHeader('Retry-After') ?? '' } });
      if (response.ok) return resolve((await response.json()) as T);
      if (request.status === 401) client.unauthorized();
      reject(await readProblem(response));
    };
    signal?.addEventListener('abort', () => {
      request.abort();
      reject(new DOMException('not wanted any more', 'AbortError'));
    });
    request.send(body);
  });
}
