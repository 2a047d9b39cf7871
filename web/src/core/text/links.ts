// Addresses that come from outside: only web addresses and paths of our own site are followed.

export function safeUrl(url: string | null | undefined): string | null {
  const text = url?.trim();
  if (!text || /^\/(?![/\\])/.test(text)) return text || null;
  try {
    const { href } = new URL(text);
    return /^https?:/.test(href) ? href : null;
  } catch {
    return null;
  }
}

/** `bytes` as people read it. */
export function fileSize(bytes: number, locale: string): string {
  const [value, unit] = bytes < 1_000_000 ? [Math.max(1, Math.round(bytes / 1000)), 'kilobyte'] : [bytes / 1_000_000, 'megabyte'];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, maximumFractionDigits: 1 }).format(value!);
}
