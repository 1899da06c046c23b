// @ts-check
// The first run: a server without an organisation, the code of its terminal, an owner with a second factor, first steps.
import { test, expect } from '@playwright/test';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { world } from '../world.js';

/**
 * The six digits an authenticator app shows now (RFC 6238).
 * @param {string} secret
 */
function digits(secret) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.trim()].map((c) => letters.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((b) => parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const sum = createHmac('sha1', key).update(step).digest();
  const at = (sum[19] ?? 0) & 15;
  return String((sum.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** @returns {Promise<{url: string, code: string, stop: () => Promise<void>}>} */
function serve() {
  const data = mkdtempSync(path.join(tmpdir(), 'tickmark-first-'));
  const child = spawn(world().bin, ['serve', '--data', data, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const stop = () => new Promise((/** @type {(_: void) => void} */ done) => {
    const end = () => { rmSync(data, { recursive: true, force: true }); done(); };
    if (child.exitCode !== null) { end(); return; }
    child.once('exit', end);
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 25_000).unref();
  });
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(said)));
    for (const s of [child.stdout, child.stderr]) s.on('data', (/** @type {Buffer} */ b) => {
      said += b.toString();
      const at = /Open (http:\/\/[\w.:]+)\/start and give this code: ([A-Z0-9-]+)/.exec(said);
      if (at?.[1] && at[2]) resolve({ url: at[1], code: at[2], stop });
    });
  });
}

test('an installation is made somebody’s own, and says what to do first', async ({ browser }) => {
  const server = await serve();
  try {
    const context = await browser.newContext({ baseURL: server.url });
    const page = await context.newPage();
    await page.goto('/controls');
    await expect(page).toHaveURL(/\/start$/);
    await page.getByRole('button', { name: /Continue/ }).click();
    await expect(page.locator('.err')).not.toHaveCount(0);
    const found = await new AxeBuilder({ page }).analyze();
    expect(found.violations.map((v) => v.id)).toEqual([]);
    await page.getByLabel('Setup code').fill('AAAA-BBBB-CCCC-DDDD');
    await page.getByLabel('Name', { exact: true }).fill('Fabrikam & Søn');
    await page.getByLabel('Your name').fill('Olle Ek');
    await page.getByLabel('Email').fill('olle@fabrikam.example');
    const passwords = async () => {
      await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
      await page.getByLabel('Password once more').fill('correct horse battery');
    };
    await passwords();
    await page.getByLabel('Availability').check();
    await page.getByRole('button', { name: /Continue/ }).click();
    await expect(page.locator('.err')).toContainText('not the code of this installation');
    await expect(page.getByLabel('Your name')).toHaveValue('Olle Ek');
    await expect(page.getByLabel('Availability')).toBeChecked();
    await page.getByLabel('Setup code').fill(server.code);
    await passwords();
    await page.getByRole('button', { name: /Continue/ }).click();
    await expect(page.getByRole('heading', { name: 'Your second factor' })).toBeVisible();
    await page.getByLabel(/code the app shows/).fill('000000');
    await page.getByRole('button', { name: /^Make/ }).click();
    await expect(page.locator('.err')).toContainText('does not match');
    const secret = await page.locator('.hash code').first().innerText();
    await page.getByLabel(/code the app shows/).fill(digits(secret));
    await page.getByRole('button', { name: /^Make/ }).click();
    await expect(page.locator('.toast')).toContainText('Fabrikam & Søn is ready');
    await page.goto('/start/checklist');
    await expect(page.locator('.checklist > li')).toHaveCount(7);
    await expect(page.locator('.checklist > li[data-done]')).toHaveCount(2);
    await page.goto('/start');
    await expect(page).not.toHaveURL(/\/start/);
    const stranger = await (await browser.newContext({ baseURL: server.url })).newPage();
    await stranger.goto('/start');
    await expect(stranger).toHaveURL(/\/sign-in/);
    await context.close();
  } finally {
    await server.stop();
  }
});

test('no page of a fresh organisation is blank or broken', async ({ browser }) => {
  const server = await serve();
  try {
    const context = await browser.newContext({ baseURL: server.url });
    const page = await context.newPage();
    await page.goto('/start');
    await page.getByLabel('Setup code').fill(server.code);
    await page.getByLabel('Name', { exact: true }).fill('Fabrikam');
    await page.getByLabel('Your name').fill('Olle Ek');
    await page.getByLabel('Email').fill('olle@fabrikam.example');
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
    await page.getByLabel('Password once more').fill('correct horse battery');
    await page.getByLabel('Decide later').check();
    await page.getByLabel('None').check();
    await page.getByRole('button', { name: /Continue/ }).click();
    const secret = await page.locator('.hash code').first().innerText();
    await page.getByLabel(/code the app shows/).fill(digits(secret));
    await page.getByRole('button', { name: /^Make/ }).click();
    await page.waitForURL((u) => u.pathname === '/');
    const links = await page.locator('.side nav a').evaluateAll((all) => all.map((a) => /** @type {HTMLAnchorElement} */ (a).pathname));
    for (const at of links) {
      await test.step(at, async () => {
        const answer = await page.goto(at);
        expect.soft(answer?.status(), at).toBe(200);
        await expect.soft(page.locator('h1'), at).toHaveCount(1);
        const words = (await page.locator('main').innerText()).trim().split(/\s+/).length;
        expect.soft(words, `${at} says little`).toBeGreaterThan(12);
        const shown = await page.locator('main .empty').count();
        for (let i = 0; i < shown; i++) await expect.soft(page.locator('main .empty .empty-t').nth(i), at).not.toBeEmpty();
      });
    }
    await context.close();
  } finally {
    await server.stop();
  }
});
