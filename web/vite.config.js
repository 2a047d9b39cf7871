// The one Vite configuration: the build (build.mjs), the development server (dev.mjs) and the tests share it.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';
import { plainIcons } from './icons.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  base: '/app/',
  publicDir: here('public'),
  plugins: [plainIcons(), tailwindcss(), svelte()],
  resolve: { alias: { $core: here('src/core'), $ui: here('src/ui'), $thread: here('src/thread'), $locales: here('locales') } },
  build: {
    outDir: here('dist/app'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the CSP allows no data: fonts
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: here('inbox.html'), checks: { pluginTimings: false } },
  },
});
