// Addresses that come from outside: only web addresses and paths of our own site are followed.

export function safeUrl(url: string | null | undefined): string | null {
  const text = url?.trim();
  if (!text) return null;
  if (/^\/(?![/\\])/.test(text)) return text;
  try {
    const { protocol, href } = new URL(text);
    return protocol === 'https:' || protocol === 'http:' ? href : null;
  } catch {
    return null;
  }
}

/** `bytes` as people read it. */
export function fileSize(bytes: number, locale: string): string {
  const [value, unit] = bytes < 1_000_000 ? [Math.max(1, Math.round(bytes / 1000)), 'kilobyte'] : [bytes / 1_000_000, 'megabyte'];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, maximumFractionDigits: 1 }).format(value!);
}

/** The picture of a card, if it is a file of ours: other addresses here may do something when they are fetched. */
export function ownPicture(url: string | null | undefined): string | null {
  return url && /^\/files\/[\w-]+(\?|$)/.test(url) ? url : null;
}

/** What the picture of a card may be. */
export function safePicture(url: string | null | undefined): string | null {
  return ownPicture(url) ?? (url?.startsWith('https://') ? safeUrl(url) : null);
}
