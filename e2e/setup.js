// @ts-check
// Starts the real program with a small simulated company, once for all tests, and signs its owner in.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from '@playwright/test';
import { artefacts, chromium as installed, world, signIn } from './world.js';

const root = path.resolve(import.meta.dirname, '..');

/** The program: the one TICKMARK_BIN names, or built from this tree. */
function binary() {
  if (process.env.TICKMARK_BIN) return process.env.TICKMARK_BIN;
  const to = path.join(artefacts, 'tickmark');
  const made = spawnSync('go', ['build', '-o', to, './cmd/tickmark'], { cwd: root, stdio: 'inherit' });
  if (made.status !== 0) throw new Error('the program does not build');
  return to;
}

/**
 * Starts the smallest demo there is and waits for its address.
 * @param {string} bin
 * @param {string} data
 * @returns {Promise<{url: string, stop: () => Promise<void>}>}
 */
function demo(bin, data) {
  const child = spawn(bin, ['demo', '--people', '60', '--repositories', '8', '--days', '60', '--daily', '60', '--data', data, '--port', '0'],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TICKMARK_DEV: 'yes' } });
  let said = '';
  const stop = () => new Promise((/** @type {(_: void) => void} */ done) => {
    if (child.exitCode !== null) { done(); return; }
    child.once('exit', () => done());
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 25_000).unref();
  });
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => { void stop(); reject(new Error(`the demo did not start in ten minutes:\n${said}`)); }, 600_000);
    child.once('exit', (code) => { clearTimeout(late); reject(new Error(`the demo ended with ${code}:\n${said}`)); });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (/** @type {Buffer} */ text) => {
      said += text.toString();
      const at = /Address\s+\S*(http:\/\/[\w.:]+)/.exec(said);
      if (!at?.[1]) return;
      clearTimeout(late);
      resolve({ url: at[1], stop });
    });
  });
}

export default async function setup() {
  mkdirSync(artefacts, { recursive: true });
  let stop = async () => {};
  // A server that runs already, with its demo's folder: for work on the tests themselves.
  let url = process.env.E2E_URL ?? '';
  let data = process.env.E2E_DATA ?? '';
  let bin = process.env.TICKMARK_BIN ?? '';
  if (!url) {
    bin = binary();
    data = mkdtempSync(path.join(tmpdir(), 'tickmark-e2e-'));
    const running = await demo(bin, data);
    url = running.url;
    stop = async () => {
      await running.stop();
      rmSync(data, { recursive: true, force: true });
    };
  }
  const { users, systems } = JSON.parse(readFileSync(path.join(data, 'demo.json'), 'utf8'));
  const browser = await chromium.launch({ executablePath: installed(), args: ['--no-sandbox', '--disable-gpu'] });
  try {
    writeFileSync(path.join(artefacts, 'world.json'), JSON.stringify({ url, bin, users, systems }));
    for (const role of new Set(world().users.map((u) => u.role))) {
      const context = await browser.newContext({ baseURL: url });
      const page = await context.newPage();
      await signIn(page, world().user(role));
      await context.storageState({ path: path.join(artefacts, `${role}.json`) });
      await context.close();
    }
  } finally {
    await browser.close();
  }
  return stop;
}
