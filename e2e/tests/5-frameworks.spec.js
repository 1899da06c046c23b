// @ts-check
// Frameworks: gaps first, topics, the crosswalk both ways, and the paper that says how requirements are met.
import { readFile } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import { session, world } from '../world.js';

test.use({ storageState: session('owner'), baseURL: async ({}, use) => { await use(world().url); } });

/**
 * The parts of a zip file, by name.
 * @param {Buffer} b
 */
function unzip(b) {
  /** @type {Map<string, string>} */ const out = new Map();
  let at = b.lastIndexOf('PK\x05\x06', b.length, 'latin1');
  const n = b.readUInt16LE(at + 10);
  at = b.readUInt32LE(at + 16);
  for (let i = 0; i < n; i++) {
    const size = b.readUInt32LE(at + 20);
    const name = b.toString('utf8', at + 46, at + 46 + b.readUInt16LE(at + 28));
    const local = b.readUInt32LE(at + 42);
    const from = local + 30 + b.readUInt16LE(local + 26) + b.readUInt16LE(local + 28);
    out.set(name, inflateRawSync(b.subarray(from, from + size)).toString('utf8'));
    at += 46 + b.readUInt16LE(at + 28) + b.readUInt16LE(at + 30) + b.readUInt16LE(at + 32);
  }
  return out;
}

test('gaps come first, and each criterion unfolds its topics', async ({ page }) => {
  await page.goto('/frameworks/tsc-2017');
  const first = page.locator('tr.group').first();
  await expect(first).toContainText(/Without a control|With a failing control/);
  await page.goto('/frameworks/tsc-2017?q=CC6.1');
  const row = page.getByRole('row').filter({ hasText: 'CC6.1' });
  await row.locator('summary').click();
  await expect(row.locator('li').first()).toBeVisible();
  await page.goto('/frameworks/tsc-2017');
  await page.getByLabel('Order').selectOption({ label: 'As the framework orders them' });
  await expect(page.locator('tr.group').first()).toContainText('Control environment');
});

test('objectives of SOC 1 stand by process', async ({ page }) => {
  await page.goto('/frameworks');
  await page.getByRole('link', { name: 'SOC 1 control objectives' }).click();
  await page.getByLabel('Order').selectOption({ label: 'As the framework orders them' });
  expect(await page.locator('tr.group').count()).toBeGreaterThan(3);
});

test('the crosswalk reads both ways and says how far to trust it', async ({ page }) => {
  await page.goto('/frameworks');
  await page.getByRole('link', { name: 'Compare' }).click();
  await expect(page.locator('tbody tr').first()).toContainText('CC1.1');
  await expect(page.getByRole('region', { name: 'Where the pairs come from, and how far to trust them' })).toContainText('three independent public mappings');
  await page.getByText('Strong', { exact: false }).first().click();
  await expect(page.getByRole('status').filter({ hasText: 'pairs' })).toContainText('71');
  await page.goto('/crosswalk');
  await page.getByRole('link', { name: 'Read from Annex A' }).click();
  await expect(page.locator('tbody tr').first()).toContainText('A.5.1');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()]);
  expect((await readFile(await file.path(), 'utf8')).split('\r\n').length).toBe(322);
});

test('one action makes the paper, in four forms', async ({ page }) => {
  await page.goto('/frameworks');
  await page.getByRole('link', { name: 'How do we meet it?' }).click();
  const panel = page.getByRole('dialog');
  await panel.locator('[name=c-privacy]').check();
  await panel.getByRole('button', { name: 'Make the paper' }).click();
  await page.waitForURL(/frameworks\/meets\/CM-\d+$/);
  const ref = page.url().split('/').pop() ?? '';
  await expect(page.getByText('no opinion is given or implied', { exact: false }).first()).toBeVisible();
  await expect(page.getByRole('heading', { name: /^CC6\.1/ })).toBeVisible();
  await expect(page.getByRole('heading', { name: /^P1\.1/ })).toBeVisible();
  for (const tab of ['Controls', 'Tests', 'Evidence']) {
    await page.getByRole('navigation', { name: 'Paper' }).getByRole('link', { name: tab }).click();
    await expect(page.getByRole('region', { name: tab, exact: true })).toBeVisible();
  }
  /** @type {Record<string, Buffer>} */ const files = {};
  for (const kind of ['PDF', 'DOCX', 'XLSX']) {
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: kind, exact: true }).click()]);
    expect(file.suggestedFilename()).toBe(`${ref}-how-we-meet-it.${kind.toLowerCase()}`);
    files[kind] = await readFile(await file.path());
    const again = await page.request.get(`/frameworks/meets/${ref}/matrix.${kind.toLowerCase()}`);
    expect(Buffer.compare(files[kind] ?? Buffer.alloc(0), await again.body()), `${kind} is the same each time`).toBe(0);
  }
  expect(files.PDF?.subarray(0, 5).toString()).toBe('%PDF-');
  const docx = unzip(files.DOCX ?? Buffer.alloc(0));
  expect(docx.get('word/document.xml')).toContain('Internal working paper of management');
  expect(docx.get('word/document.xml')).toContain('CC6.1');
  expect(docx.get('word/document.xml')).toContain('TOC \\o');
  const xlsx = unzip(files.XLSX ?? Buffer.alloc(0));
  for (const sheet of ['Criteria', 'Controls', 'Tests', 'Evidence', 'About']) expect(xlsx.get('xl/workbook.xml')).toContain(`name="${sheet}"`);
  const json = await (await page.request.get(`/frameworks/meets/${ref}/matrix.json`)).json();
  expect(json.requirements.length).toBeGreaterThan(50);
  await page.goto('/frameworks/meets');
  await expect(page.getByRole('link', { name: ref, exact: true })).toBeVisible();
});
