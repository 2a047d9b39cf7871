// Markdown to one line of plain text, for previews and quotes. Rendering is the server's: nothing here makes HTML.

const RULES: [RegExp, string][] = [
  [/```\w*\n?([\s\S]*?)```/g, '$1'],
  [/`([^`]+)`/g, '$1'],
  [/!\[([^\]]*)\]\([^)]*\)/g, '$1'],
  [/@\[([^\]\n]+)\]/g, '@$1'],
  [/\[([^\]]+)\]\([^)]*\)/g, '$1'],
  [/^\s{0,3}(?:#{1,6}|>|[-*+]|\d+\.)\s+/gm, ''],
  [/(\*\*|__|~~)(?=\S)([\s\S]*?\S)\1/g, '$2'],
  [/(^|[\s(])[*_](?=\S)([^*_\n]*?\S)[*_](?=[\s).,!?:;]|$)/gm, '$1$2'],
  [/\s+/g, ' '],
];

export function plain(markdown: string, limit = 140): string {
  const text = RULES.reduce((body, [pattern, by]) => body.replace(pattern, by), markdown).trim();
  return text.length > limit ? `${text.slice(0, limit - 1).trimEnd()}…` : text;
}
