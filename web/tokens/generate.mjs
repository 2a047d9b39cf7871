// tokens.json -> src/styles/tokens.css. Called by the build, the development server and `npm run tokens`.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

export function readTokens() {
  return JSON.parse(readFileSync(file('tokens.json'), 'utf8'));
}

export function tokensCss(tokens = readTokens()) {
  const variables = (theme) => [
    ...Object.entries(tokens.color).map(([name, pair]) => `  --c-${name}: ${pair[theme]};`),
    ...Object.entries(tokens.shadow).map(([name, pair]) => `  --shadow-${name}: ${pair[theme]};`),
  ];
  const contrast = (theme) => Object.entries(tokens.contrast).map(([name, pair]) => `  --c-${name}: ${pair[theme]};`);
  const tailwind = Object.keys(tokens.color).map((name) => `  --color-${name}: var(--c-${name});`);
  return [
    '/* Generated from tokens/tokens.json by tokens/generate.mjs. */',
    ':root {', '  color-scheme: light;', ...variables(0), '}',
    "[data-theme='dark'] {", '  color-scheme: dark;', ...variables(1), '}',
    "[data-contrast='high'] {", ...contrast(0), '}',
    "[data-theme='dark'][data-contrast='high'] {", ...contrast(1), '}',
    '@theme inline {', '  --color-*: initial;', '  --color-transparent: transparent;', '  --color-current: currentColor;', ...tailwind, '}', '',
  ].join('\n');
}

export function writeTokens() {
  writeFileSync(file('../src/styles/tokens.css'), tokensCss());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeTokens();
