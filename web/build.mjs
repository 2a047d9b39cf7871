// Builds everything the server embeds: vite, then .gz and .br beside each file, then the size table.
// Exits with 1 when something weighs more than its budget.
import { cpSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join, relative } from 'node:path';
import zlib from 'node:zlib';
import { build } from 'vite';
import { buildEmbeds } from './embed.mjs';
import { writeTokens } from './tokens/generate.mjs';

const dist = fileURLToPath(new URL('dist', import.meta.url));
const KB = 1024;
const BUDGETS = { initialJs: 150 * KB, lazyChunk: 150 * KB, css: 20 * KB, quick: 75 * KB, element: 4 * KB };
const COMPRESSED = /\.(js|css|html|svg|json|txt|webmanifest)$/;

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old for this build: 20.19 or newer is needed.`);
  process.exit(1);
}

writeTokens();
const configFile = fileURLToPath(new URL('vite.config.js', import.meta.url));
await build({ configFile, logLevel: 'warn' });
await buildEmbeds(configFile);
cpSync(fileURLToPath(new URL('playground', import.meta.url)), join(dist, 'playground'), { recursive: true });
const files = walk(dist).filter((file) => !/\.(gz|br)$/.test(file));
const rows = files.map(compress);
const over = report(rows);
if (over.length) {
  console.error(`\nOver budget: ${over.join('; ')}`);
  process.exit(1);
}

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)]))
    .sort();
}

/** Writes the two compressed neighbours of a text file; gives its sizes. */
function compress(file) {
  const raw = readFileSync(file);
  const name = relative(dist, file);
  if (!COMPRESSED.test(file)) return { name, raw: raw.length, gzip: raw.length, brotli: raw.length };
  const gzip = zlib.gzipSync(raw, { level: 9 });
  const brotli = zlib.brotliCompressSync(raw, {
    params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_SIZE_HINT]: raw.length },
  });
  writeFileSync(`${file}.gz`, gzip);
  writeFileSync(`${file}.br`, brotli);
  return { name, raw: raw.length, gzip: gzip.length, brotli: brotli.length };
}

/** The scripts and styles that the page itself names, which are those a first visit must fetch. */
function initialFiles() {
  const html = readFileSync(join(dist, 'app/inbox.html'), 'utf8');
  return new Set([...html.matchAll(/(?:src|href)="\/(app\/[^"]+)"/g)].map((match) => match[1]));
}

function report(rows) {
  const initial = initialFiles();
  const show = (bytes) => `${(bytes / KB).toFixed(1).padStart(8)} KB`;
  console.log(`${'file'.padEnd(52)}${'raw'.padStart(11)}${'gzip'.padStart(11)}${'brotli'.padStart(11)}`);
  for (const row of rows) {
    const mark = initial.has(row.name) ? '*' : ' ';
    console.log(`${mark} ${row.name.padEnd(50)}${show(row.raw)}${show(row.gzip)}${show(row.brotli)}`);
  }
  const sum = (list) => list.reduce((total, row) => total + row.gzip, 0);
  const of = (name) => rows.find((row) => row.name === name)?.gzip ?? 0;
  const js = rows.filter((row) => row.name.startsWith('app/') && row.name.endsWith('.js'));
  const initialJs = sum(js.filter((row) => initial.has(row.name)));
  const css = sum(rows.filter((row) => row.name.startsWith('app/') && row.name.endsWith('.css')));
  console.log(`\ninbox initial JavaScript (*) ${show(initialJs)} of ${show(BUDGETS.initialJs)} gzip`);
  console.log(`inbox CSS                    ${show(css)} of ${show(BUDGETS.css)} gzip`);
  console.log(`quick messenger              ${show(of('embed/quick.js'))} of ${show(BUDGETS.quick)} gzip`);
  const total = walk(dist).reduce((bytes, file) => bytes + statSync(file).size, 0);
  console.log(`everything to embed          ${show(total)}`);
  const over = [];
  if (initialJs > BUDGETS.initialJs) over.push('inbox initial JavaScript');
  if (css > BUDGETS.css) over.push('CSS');
  if (of('embed/quick.js') > BUDGETS.quick) over.push('quick messenger');
  if (of('embed/inbox.js') > BUDGETS.element) over.push('embed/inbox.js');
  for (const row of js) if (!initial.has(row.name) && row.gzip > BUDGETS.lazyChunk) over.push(row.name);
  return over;
}
