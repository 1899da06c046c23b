// @ts-check
// Where the organisation stands: the home page, and what waits for whom.
import { test, expect } from '@playwright/test';
import { as, world } from '../world.js';

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

/** @param {string} s */
const figure = (s) => Number(s.replaceAll(',', ''));

test('home says where the programme stands, in whole numbers that lead on', async ({ browser }) => {
  const page = await as(browser, 'owner');
  await page.goto('/');
  for (const part of ['Controls operating today', 'Exceptions if the period closed today', 'Criteria by week', 'Waiting for you', 'Evidence sources', 'Evidence ledger']) {
    await expect(page.getByRole('region', { name: part })).toBeVisible();
  }
  await expect(page.locator('main')).not.toContainText('%');
  // The states add up to the controls in scope.
  const all = figure(/of ([\d,]+)/.exec(await page.locator('.kpi .of').innerText())?.[1] ?? '');
  let sum = 0;
  for (const n of await page.locator('.split b').allInnerTexts()) sum += figure(n);
  expect(sum).toBe(all);
  // Each count leads to the rows it counts.
  const counts = page.locator('.standings a:has(b)');
  const words = (await counts.first().innerText()).trim();
  const n = figure(/([\d,]+)\s*$/.exec(words)?.[1] ?? '');
  await counts.first().click();
  await expect(page).toHaveURL(/\/gaps\?status=/);
  await expect(page.locator('#rows tbody tr')).toHaveCount(n);
});

test('the matrix has a row for each series, and leads to its criteria', async ({ browser }) => {
  const page = await as(browser, 'auditor');
  await page.goto('/');
  const rows = page.locator('.mx-r:not(.mx-h)');
  expect(await rows.count()).toBeGreaterThan(8);
  await expect(rows.first().locator('svg')).toHaveAttribute('aria-label', /over \d+ weeks/);
  await rows.filter({ hasText: 'CC6' }).getByRole('link').click();
  await expect(page).toHaveURL(/#CC6$/);
});

test('a task somebody is given waits for that person, and for nobody else', async ({ browser }) => {
  const title = `Countersign the visitors' book ${Date.now()}`;
  const lead = await as(browser, 'compliance_lead');
  await lead.goto('/tasks/new');
  await lead.getByLabel('What is to be done').fill(title);
  await lead.getByLabel('Owner').selectOption({ label: `${world().user('control_owner').name}, control owner` });
  await lead.getByLabel('Due').fill(new Date().toISOString().slice(0, 10));
  await lead.getByRole('button', { name: 'Open the task' }).click();
  await expect(lead.getByRole('heading', { level: 1 })).toHaveText(title);
  const ref = (await lead.locator('.page-head .ref span').first().innerText()).trim();

  const owner = await as(browser, 'control_owner');
  await owner.goto('/my-work');
  await expect(owner.locator('#rows')).toContainText(title);
  await expect(owner.locator('#rows tr', { hasText: title })).toContainText('Today');
  await owner.goto('/');
  await expect(owner.getByRole('region', { name: 'Waiting for you' })).toContainText(title);
  const analyst = await as(browser, 'security_analyst');
  await analyst.goto('/my-work?q=' + encodeURIComponent(title));
  await expect(analyst.locator('#rows tbody tr')).toHaveCount(0);
  // An auditor and a customer have no tasks to see.
  for (const role of ['auditor', 'reader']) {
    const page = await as(browser, role);
    const answer = await page.goto(`/tasks/${ref}`);
    expect(answer?.status()).toBe(403);
    await page.goto('/');
    await expect(page.getByRole('link', { name: 'My work' })).toHaveCount(0);
  }
});

test('home without scripts, on a phone', async ({ browser }) => {
  const page = await as(browser, 'owner', { javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Readiness');
  await page.getByRole('region', { name: 'Controls operating today' }).getByRole('link', { name: /Failing/ }).click();
  await expect(page).toHaveURL(/\/controls\?state=fail/);
});
