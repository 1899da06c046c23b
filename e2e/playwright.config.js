// @ts-check
import { defineConfig } from '@playwright/test';
import { chromium } from './world.js';

// Animations and the sandbox of a container are off.
const launchOptions = {
  executablePath: chromium(),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
};

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  globalSetup: './setup.js',
  fullyParallel: true,
  forbidOnly: true,
  workers: Number(process.env.E2E_WORKERS || 2),
  retries: 0,
  timeout: 300_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: { browserName: 'chromium', launchOptions, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'UTC', trace: process.env.E2E_TRACE ? 'retain-on-failure' : 'off', screenshot: 'only-on-failure', actionTimeout: 20_000, navigationTimeout: 60_000 },
});
