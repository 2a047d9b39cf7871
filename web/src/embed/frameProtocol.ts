// What a host page and the inbox in its frame say to each other. Only between the two, by exact origins; tokens never stand in an address.

export type ToFrame =
  | { type: 'parlor:token'; token: string }
  | { type: 'parlor:no-token' }
  | { type: 'parlor:look'; theme: 'auto' | 'light' | 'dark'; locale: string | null }
  | { type: 'parlor:open'; conversation: string };

export type ToHost =
  | { type: 'parlor:ready' }
  | { type: 'parlor:need-token' }
  | { type: 'parlor:unread'; unread: number; mentions: number; title: string };

export const isOurs = (data: unknown): data is ToFrame | ToHost =>
  typeof data === 'object' && data !== null && String((data as { type?: unknown }).type).startsWith('parlor:');
