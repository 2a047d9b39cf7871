// Builds what other sites load: one script each, with its styles and only the texts it uses.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { minify } from 'terser';
import { build } from 'vite';
import { framedIcons } from './icons.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const ROOTS = { $core: here('src/core'), $ui: here('src/ui'), $thread: here('src/thread'), $locales: here('locales') };
const CSS = 'virtual:quick-styles';
const PLACE = '__PARLOR_CSS__';

export async function buildEmbeds(configFile) {
  await build(options(configFile, 'src/quick/main.ts', 'quick.js', true));
  await build(options(configFile, 'src/embed/inbox.ts', 'inbox.js', false));
}

function options(configFile, entry, file, first) {
  return {
    configFile,
    logLevel: 'warn',
    publicDir: false,
    plugins: [...(first ? [emojiBeside] : []), framedIcons(here('src/quick/icon.ts')), usedTexts(here(entry)), nothingToPreload, styles(), smaller],
    build: {
      outDir: here('dist/embed'),
      emptyOutDir: first,
      cssCodeSplit: false,
      modulePreload: false,
      rolldownOptions: {
        input: here(entry),
        transform: { define: { 'import.meta': '{}' } },
        output: { format: 'iife', entryFileNames: file, codeSplitting: false },
      },
    },
  };
}

/** The modules that `file` reaches by import; packages are left out. */
function reached(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    const alias = name.split('/')[0];
    const path = name.startsWith('.') ? join(dirname(file), name) : ROOTS[alias] ? join(ROOTS[alias], name.slice(alias.length)) : null;
    const found = path && [path, `${path}.ts`, `${path}.svelte.ts`, join(path, 'index.ts')].find((one) => /\.(ts|svelte)$/.test(one) && existsSync(one));
    if (found) reached(found, seen);
  }
  return seen;
}

/**
 * Keeps of the locale files the texts that the reached modules name, whole or by the beginning of a template. English is in the script; another
 * language is a file beside it, asked for by pages that want it.
 */
function usedTexts(entry) {
  const source = [...reached(entry)].map((file) => readFileSync(file, 'utf8')).join('\n');
  const named = new Set([...source.matchAll(/'([a-z_]+\.[a-z_.]+)'/g)].map((match) => match[1]));
  const begun = [...new Set([...source.matchAll(/`([a-z_]+\.[a-z_.]*)\$\{/g)].map((match) => match[1]))];
  return {
    name: 'used-texts',
    enforce: 'pre',
    load(id) {
      if (!id.startsWith(ROOTS.$locales)) return null;
      const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
      const english = read(join(ROOTS.$locales, 'en.json'));
      const keys = Object.keys(english).filter((key) => named.has(key) || begun.some((start) => key.startsWith(start)));
      const texts = read(id);
      const kept = JSON.stringify(Object.fromEntries(keys.map((key) => [key, texts[key]])));
      const language = basename(id, '.json');
      if (language === 'en') return { code: `export default ${kept}`, moduleType: 'js' };
      this.emitFile({ type: 'asset', fileName: `quick-${language}.json`, source: kept });
      const code = `import { client } from '${here('src/quick/client.ts')}';\nexport default fetch(client.origin + '/embed/quick-${language}.json').then((answer) => answer.json());`;
      return { code, moduleType: 'js' };
    },
  };
}

/** The names of emoji: a file that is asked for when somebody looks for one. */
const emojiBeside = {
  name: 'emoji-beside',
  buildStart() {
    const names = /const NAMES = `\n([^`]+)`/.exec(readFileSync(join(ROOTS.$core, 'text/emoji.ts'), 'utf8'))[1];
    this.emitFile({ type: 'asset', fileName: 'quick-emoji.json', source: JSON.stringify(names) });
  },
};

/** Everything is in one file: Vite's helper, which loads the styles of a chunk before it, has nothing to do. */
const nothingToPreload = {
  name: 'nothing-to-preload',
  enforce: 'pre',
  load: (id) => (id === '\0vite/preload-helper.js' ? 'export const __vitePreload = (load) => load();' : null),
};

/** The built stylesheet as a text in the script, made fit for a shadow root. */
function styles() {
  return {
    name: 'styles-inside',
    resolveId: (id) => (id === CSS ? `\0${CSS}` : null),
    load: (id) => (id === `\0${CSS}` ? `export default ${JSON.stringify(PLACE)}` : null),
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const sheets = Object.values(bundle).filter((file) => file.type === 'asset' && file.fileName.endsWith('.css'));
        const text = sheets.map((sheet) => String(sheet.source)).join('\n');
        for (const sheet of sheets) delete bundle[sheet.fileName];
        const script = Object.values(bundle).map((file) => (file.type === 'chunk' ? file.code : '')).join('');
        const quoted = JSON.stringify(withoutUnused(forShadow(text), script));
        for (const file of Object.values(bundle)) if (file.type === 'chunk') file.code = file.code.replace(new RegExp(`(["'\`])${PLACE}\\1`), () => quoted);
      },
    },
  };
}

/** After Vite's own minifier a second one, which puts functions that are called once where they are called: pages of others load this. Svelte's warnings of things
 * that do not happen here (hydration) are left out. */
const smaller = {
  name: 'smaller',
  generateBundle: {
    order: 'post',
    async handler(_options, bundle) {
      for (const file of Object.values(bundle)) if (file.type === 'chunk') file.code = (await minify(file.code, { ecma: 2022, compress: { ecma: 2022, passes: 3, pure_funcs: ['console.warn'] } })).code;
    },
  },
};

export function forShadow(css) {
  return css
    .replaceAll(/calc\(var\(--spacing\) ?\* ?(-?[\d.]+)\)/g, (_, times) => `${Number(times) * 4}px`)
    .replaceAll('var(--spacing)', '4px')
    .replaceAll(':root', ':host')
    // `@property` does nothing in a shadow root, so it can go: the plain values that Tailwind keeps for old browsers always apply.
    .replace(/@supports \(\(\(?-webkit-hyphens[^{]*\{/g, '@supports (display:block){')
    .replace(/@property [^{]+\{[^}]*\}/g, '')
    .replace(/::backdrop\{[^}]*\}/g, '') // of dialogs, which it has none of
    // The host page decides how large its `rem` is; ours must not follow.
    .replace(/(\d*\.?\d+)rem\b/g, (_, size) => `${Number(size) * 16}px`);
}

/** Of the classes that the inbox has too, those that no component here names, or not for such an element; the server's own (in messages) stay. */
function withoutUnused(css, script) {
  const named = (name) => new RegExp(`[\\s"'\`]${name}[\\s"'\`$]`).test(script);
  const unused = (selector) => {
    const [, element, name] = /^([a-z]*)\.(?!prose|mention)([a-z-]+)/.exec(selector) ?? [];
    return name && (!named(name) || !script.includes(`<${element}`));
  };
  const layer = css.indexOf('@layer components{');
  const end = css.indexOf('@layer utilities{');
  const kept = css.slice(layer, end).replace(/(?<=[{}])([a-z]*\.[^{}]+)\{[^{}]*\}/g, (rule, selectors) => (selectors.split(',').every(unused) ? '' : rule));
  return css.slice(0, layer) + kept + css.slice(end);
}
