// What browsers take, measured: `npm run bench` (part of `make bench`). One at a time, so that nothing else is measured.
import { defineConfig } from '@playwright/test';
import base from './playwright.config';

export default defineConfig(base, { testDir: 'bench', testMatch: '*.bench.ts', workers: 1 });
