// Bytes on their way to the server, or to where it keeps files. fetch tells nothing of how far they are; XMLHttpRequest does.
import { ApiError, readProblem, type Client } from './client';

export type Progress = (part: number) => void;
export interface Target { method: string; url: string; headers: Record<string, string> }

/** Answers what comes back. */
export function transfer(client: Client, { method, url, headers }: Target, body: Blob, progress: Progress, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, client.served(url));
    for (const name in headers) request.setRequestHeader(name, headers[name]!);
    request.upload.onprogress = (event) => event.total && progress(event.loaded / event.total);
    request.onerror = () => reject(new ApiError({ status: 0, code: 'offline', detail: '' }));
    request.onload = async () => {
      const { status, responseText } = request;
      if (status < 300) return resolve(responseText);
      if (status === 401) client.unauthorized();
      const response = new Response(responseText, { status, headers: { 'Retry-After': request.getResponseHeader('Retry-After') ?? '' } });
      reject(await readProblem(response));
    };
    request.onabort = reject;
    signal.addEventListener('abort', () => request.abort());
    request.send(body);
  });
}
