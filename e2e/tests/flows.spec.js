// @ts-check
// What people do, in a browser: with scripts, and without.
import { test, expect } from '@playwright/test';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { as, signIn, world } from '../world.js';

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

test('without scripts: sign in, filter, sort, turn the page, sign out', async ({ browser }) => {
  const page = await as(browser, null, { javaScriptEnabled: false });
  await signIn(page, world().user('control_owner'), '/evidence');
  await expect(page).toHaveURL(/\/evidence$/);
  await page.getByLabel('Proven', { exact: false }).check();
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page).toHaveURL(/completeness=proven/);
  await expect(page.locator('tbody .st:not([data-st="pass"])')).toHaveCount(0);
  await page.locator('th').filter({ hasText: 'Rows' }).getByRole('link').click();
  await expect(page).toHaveURL(/completeness=proven.*sort=rows|sort=rows.*completeness=proven/);
  await expect(page.locator('th[aria-sort="ascending"]')).toContainText('Rows');
  await page.getByRole('link', { name: 'Next' }).click();
  await expect(page).toHaveURL(/page=2/);
  await page.locator('summary.avatar').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.goto('/evidence');
  await expect(page).toHaveURL(/\/sign-in/);
});

test('a wrong password is told at the form, and nothing is given away', async ({ browser }) => {
  const page = await as(browser, null);
  await page.goto('/controls');
  await page.getByLabel('Email').fill('nobody@northwind.example');
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByLabel('Email')).toHaveValue('nobody@northwind.example');
  await expect(page.getByLabel('Password', { exact: true })).toHaveValue('');
});

test('lists filter while one types, keep their address, and go back', async ({ browser }) => {
  const page = await as(browser, 'owner');
  await page.goto('/evidence');
  const rows = page.locator('#rows tbody tr');
  const before = await rows.count();
  await page.getByRole('searchbox').fill('repositories');
  await expect(page).toHaveURL(/q=repositories/);
  await expect(rows.first()).toContainText('Repositories');
  await expect(page.getByRole('searchbox')).toBeFocused();
  await rows.first().getByRole('link').first().click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Repositories');
  await page.goBack();
  await expect(page.getByRole('searchbox')).toHaveValue('repositories');
  await page.getByRole('searchbox').fill('nothing has this name');
  await expect(page.getByText('No piece of evidence matches.')).toBeVisible();
  await page.getByRole('link', { name: 'Clear search and filters' }).click();
  await expect(rows).toHaveCount(before);
});

test('keys: / searches, j and k move over rows, Enter opens', async ({ browser }) => {
  const page = await as(browser, 'owner');
  await page.goto('/runs');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  const link = page.locator('#rows tbody tr').nth(1).getByRole('link').first();
  await expect(link).toBeFocused();
  await page.keyboard.press('k');
  await expect(page.locator('#rows tbody tr').first().getByRole('link').first()).toBeFocused();
  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox')).toBeFocused();
});

test('an export holds what is shown', async ({ browser }) => {
  const page = await as(browser, 'owner');
  await page.goto('/evidence?source=okta-main&completeness=proven');
  const said = await page.locator('.tbl-foot [role="status"]').innerText();
  const total = Number(/([\d,]+) pieces/.exec(said)?.[1]?.replaceAll(',', ''));
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()]);
  const lines = readFileSync(await download.path(), 'utf8').trim().split('\r\n');
  expect(lines.length).toBe(total + 1);
  expect(lines.slice(1).every((l) => l.includes('okta-main') && l.includes('proven'))).toBe(true);
});

test('evidence is checked on its page, down to the signed log', async ({ browser }) => {
  const page = await as(browser, 'auditor');
  await page.goto('/evidence?completeness=proven');
  await page.locator('#rows tbody tr').first().getByRole('link').first().click();
  const checks = page.getByRole('region', { name: 'Checked just now' });
  await expect(checks.locator('li[data-st="pass"]')).toHaveCount(4);
  await expect(checks).toContainText('is in the signed log');
  await page.getByRole('link', { name: 'Rows' }).click();
  await page.locator('#rows tbody tr').first().getByRole('link').first().click();
  await expect(page.getByRole('region', { name: 'The source’s own record', exact: true }).first()).toBeVisible();
});

test('a proof that was downloaded holds outside', async ({ browser }) => {
  test.skip(!world().bin, 'no program to verify with: set TICKMARK_BIN');
  const page = await as(browser, 'auditor');
  await page.goto('/ledger/5');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Proof' }).click()]);
  const verified = spawnSync(world().bin, ['verify', await download.path()], { encoding: 'utf8' });
  expect(verified.stdout + verified.stderr).toMatch(/holds: the entry of \d{4}-\d\d-\d\dT.* is in the log/);
  expect(verified.status).toBe(0);
});

test('the draft report is a PDF that says it is a draft', async ({ browser }) => {
  const page = await as(browser, 'auditor');
  await page.goto('/engagements');
  await page.locator('#rows tbody tr').first().getByRole('link').first().click();
  const href = await page.getByRole('link', { name: 'Draft report' }).getAttribute('href');
  const file = await page.request.get(href ?? '');
  expect(file.headers()['content-type']).toBe('application/pdf');
  expect((await file.body()).subarray(0, 5).toString()).toBe('%PDF-');
  await page.getByRole('link', { name: 'Newest dossier' }).click();
  await page.getByRole('link', { name: 'Report', exact: true }).click();
  await expect(page.getByText('DRAFT', { exact: true })).toBeVisible();
  await page.getByRole('link', { name: 'Criteria, controls, tests of controls and results' }).click();
  await expect(page.getByRole('heading', { level: 2 })).toContainText('Criteria, controls, tests');
});

test('who may not read evidence is told so, and not offered it', async ({ browser }) => {
  const page = await as(browser, 'reader');
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Controls', exact: true }).first()).toBeVisible();
  await expect(page.getByRole('link', { name: 'Evidence', exact: true })).toHaveCount(0);
  const answer = await page.goto('/evidence');
  expect(answer?.status()).toBe(403);
  await expect(page.getByRole('main')).toContainText('may not read evidence');
});

test('light and dark are kept', async ({ browser }) => {
  const page = await as(browser, 'owner', { colorScheme: 'light' });
  await page.goto('/');
  await page.locator('summary[aria-label="Light or dark"]').click();
  await page.getByRole('button', { name: 'Dark' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.goto('/controls');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('on a phone the navigation opens from its button', async ({ browser }) => {
  const page = await as(browser, 'owner', { viewport: { width: 390, height: 844 } });
  await page.goto('/');
  const link = page.locator('#side').getByRole('link', { name: 'Ledger', exact: true });
  await expect(link).toBeHidden();
  await page.getByRole('button', { name: 'Menu' }).click();
  await link.click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ledger');
});
