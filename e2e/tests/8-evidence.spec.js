// @ts-check
// Evidence that people add: upload, the record with its proof, hostile files, replacing, withdrawing, what is due.
import { test, expect } from '@playwright/test';
import { as } from '../world.js';

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

/** @param {number} days */
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** @param {string} what */
const unique = (what) => `${what} ${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;

/**
 * Adds evidence through the form and gives the address of its record.
 * @param {import('@playwright/test').Page} page
 * @param {{title: string, file?: {name: string, mimeType: string, buffer: Buffer}, statement?: string, control?: string}} what
 */
async function add(page, what) {
  await page.goto(`/evidence/new${what.control ? `?control=${what.control}` : ''}`);
  if (what.file) await page.getByLabel('Files').setInputFiles(what.file);
  if (what.statement) await page.getByLabel('Or: a statement').fill(what.statement);
  await page.getByLabel('Title').fill(what.title);
  await page.getByLabel('What it shows').fill('The committee looked at the open findings.');
  await page.getByLabel('Where, how and by whom').fill('Board portal, exported by the secretary');
  await page.getByLabel('First day').fill(day(-20));
  await page.getByLabel('Last day').fill(day(-10));
  await page.getByRole('button', { name: 'Keep and seal' }).click();
}

/** @param {string} text */
const words = (text) => ({ name: 'minutes.txt', mimeType: 'text/plain', buffer: Buffer.from(text) });

test('a document is added for a control, sealed, proved in the page and kept as it came', async ({ browser }) => {
  const page = await as(browser, 'compliance_lead');
  const title = unique('Minutes of the committee');
  await add(page, { title, control: 'GOV-02', file: words(`${title}\nWe met.\n`) });
  await expect(page).toHaveURL(/\/e\/EV-/);
  await expect(page.locator('.toast')).toContainText('sealed as ledger entry');
  const record = page.url();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(title);
  await expect(page.getByRole('link', { name: 'GOV-02' }).first()).toBeVisible();
  await expect(page.locator('.checks')).toContainText('The content has the hash it was sealed with');
  await expect(async () => { // the server puts entries into the log every few seconds
    await page.reload();
    await expect(page.locator('.checks')).toContainText('is in the signed log', { timeout: 1000 });
  }).toPass({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Document', exact: true }).click();
  await expect(page.locator('pre.code')).toContainText('We met.');
  const copy = await page.request.get(`${record.replace(/\?.*/, '')}/content`);
  expect(await copy.text()).toBe(`${title}\nWe met.\n`);
  expect(copy.headers()['content-disposition']).toMatch(/^attachment/);
});

test('what is wrong stands at its field and nothing written is lost', async ({ browser }) => {
  const page = await as(browser, 'control_owner');
  await page.goto('/evidence/new');
  await page.getByLabel('Title').fill('Half a form');
  await page.getByLabel('Last day').fill(day(3));
  await page.getByLabel('First day').fill(day(-3));
  await page.getByRole('button', { name: 'Keep and seal' }).click();
  await expect(page.locator('.err').first()).toBeVisible();
  await expect(page.getByLabel('Title')).toHaveValue('Half a form');
  await page.getByLabel('Or: a statement').fill('We looked at it.');
  await page.getByLabel('Where, how and by whom').fill('Said in the weekly meeting');
  await page.getByRole('button', { name: 'Keep and seal' }).click();
  await expect(page.locator('#f-to-err')).toContainText('ends after the evidence was received');
});

test('hostile files are kept, told, and never run', async ({ browser }) => {
  const page = await as(browser, 'owner');
  /** @type {string[]} */ const alarms = [];
  page.on('dialog', (d) => { alarms.push(d.message()); void d.dismiss(); });
  const title = unique('Saved page');
  await add(page, { title, file: { name: 'picture\u202egnp.png', mimeType: 'image/png', buffer: Buffer.from(`<!DOCTYPE html><html><script>alert('${title}')</script></html>`) } });
  await expect(page.locator('.notice').filter({ hasText: 'the content is a web page' })).toBeVisible();
  await page.getByRole('link', { name: 'Document', exact: true }).click();
  await expect(page.getByText('No preview.')).toBeVisible();
  await page.getByRole('link', { name: 'Raw', exact: true }).click();
  await expect(page.locator('pre.code')).toContainText('<script>');
  expect(alarms).toEqual([]);
});

test('the same content is recognised, and what is there is filed for the control instead', async ({ browser }) => {
  const page = await as(browser, 'compliance_lead');
  const title = unique('Twice the same');
  await add(page, { title, file: words(title) });
  const record = new URL(page.url()).pathname;
  await add(page, { title: 'Under another name', control: 'GOV-04', file: words(title) });
  await expect(page.locator('.notice')).toContainText('The same content is kept already');
  await page.getByRole('button', { name: /^File EV-/ }).click();
  await expect(page).toHaveURL(new RegExp(`${record}$`));
  await expect(page.getByRole('link', { name: 'GOV-04' }).first()).toBeVisible();
});

test('a piece is replaced by a newer one, and the newer one withdrawn with a reason', async ({ browser }) => {
  const page = await as(browser, 'compliance_lead');
  const title = unique('First version');
  await add(page, { title, file: words(`${title} 1`) });
  const first = new URL(page.url()).pathname;
  await page.getByRole('link', { name: 'Replace' }).click();
  await expect(page.getByLabel('Title')).toHaveValue(title);
  await page.getByLabel('File', { exact: true }).setInputFiles(words(`${title} 2`));
  await page.getByLabel('First day').fill(day(-20));
  await page.getByLabel('Last day').fill(day(-10));
  await page.getByRole('button', { name: 'Keep and seal' }).click();
  await expect(page).not.toHaveURL(/new/);
  const second = new URL(page.url()).pathname;
  await page.goto(first);
  await expect(page.getByText('Replaced', { exact: true }).first()).toBeVisible();
  await page.goto(second);
  await page.getByRole('link', { name: 'Withdraw' }).click();
  const panel = page.getByRole('dialog');
  await panel.getByLabel('Reason').fill('short');
  await panel.getByRole('button', { name: 'Withdraw' }).click();
  await expect(panel.locator('.err')).toContainText('5 so far');
  await panel.getByLabel('Reason').fill('It was another committee.');
  await panel.getByRole('button', { name: 'Withdraw' }).click();
  await expect(page.getByText('Withdrawn', { exact: true }).first()).toBeVisible();
});

test('what is due: by control and owner, with a rhythm of its own', async ({ browser }) => {
  const page = await as(browser, 'compliance_lead');
  await page.goto('/evidence/due?q=PHY-02');
  const row = page.locator('#rows tbody tr').first();
  await expect(row).toContainText('PHY-02');
  const panel = page.getByRole('dialog');
  await row.getByRole('link', { name: /^Rhythm/ }).click();
  await panel.getByLabel('Why').fill('');
  await panel.getByLabel('Renew every so many days').fill('0');
  await panel.getByRole('button', { name: 'Save' }).click();
  await expect(panel.locator('.err')).toContainText('why no evidence is asked for');
  await panel.getByLabel('Renew every so many days').fill('45');
  await panel.getByLabel('Why').fill('The landlord reports every six weeks.');
  await panel.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('.toast')).toContainText('every 45 days');
  await page.goto('/evidence/due?q=PHY-02');
  await expect(row).toContainText('45 days');
  const csv = await page.request.get('/evidence/due?as=csv');
  expect(await csv.text()).toContain('PHY-02');
});

test('without scripts: a statement is added', async ({ browser }) => {
  const page = await as(browser, 'control_owner', { javaScriptEnabled: false });
  const title = unique('Statement');
  await add(page, { title, statement: `I looked at ${title}.` });
  await expect(page).toHaveURL(/\/e\/EV-/);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(title);
});
