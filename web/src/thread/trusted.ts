// The server's sanitised HTML, for pages that allow markup only through named policies (trusted types).

interface Policy { createHTML(html: string): unknown }
interface Factory { createPolicy(name: string, rules: { createHTML: (html: string) => string }): Policy }

let policy: Policy | null | undefined;

function made(): Policy | null {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  try {
    return factory ? factory.createPolicy('parlor', { createHTML: (html) => html }) : null;
  } catch {
    return null; // the page's CSP does not name it, or does not ask for it
  }
}

/** What a browser takes as the content of an element. */
export function trusted(html: string): string {
  policy ??= made();
  return (policy ? policy.createHTML(html) : html) as string;
}
