import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vite.config.js';

export default mergeConfig(
  base,
  defineConfig({
    plugins: [svelteTesting()],
    test: {
      environment: 'happy-dom',
      include: ['test/**/*.test.ts', 'tokens/**/*.test.ts'],
      setupFiles: ['test/setup.ts'],
      css: false,
    },
  }),
);
