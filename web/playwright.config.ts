// End-to-end tests against the real server: PARLOR_BIN names the binary, e2e/server.ts starts it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** Letters and edges differ from one Chromium to the next: each major version has its own pictures, and a new one makes them. */
const major = /\d+/.exec(execFileSync(chromium, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))?.[0];
const pictures = `e2e/pictures/chromium-${major}`;

export default defineConfig({
  testDir: 'e2e',
  // Generous: a shared machine may be busy, and a test that passes waits for nothing.
  timeout: 90_000,
  expect: { timeout: 15_000 },
  fullyParallel: false,
  // Every file has a server of its own, so that two can run beside each other.
  workers: 2,
  retries: 0,
  snapshotPathTemplate: `${pictures}/{arg}{ext}`,
  updateSnapshots: existsSync(pictures) ? 'none' : 'all',
  reporter: [['list']],
  outputDir: 'test-results',
  use: {
    actionTimeout: 15_000,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: chromium,
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--font-render-hinting=none',
      ],
    },
  },
});
