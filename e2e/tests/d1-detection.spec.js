// @ts-check
// Detection: the queue by keyboard, an incident with its graph, a hunt whose answer becomes evidence, and the events themselves.
import { test, expect } from '@playwright/test';
import { as } from '../world.js';

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

test('an alert is taken and judged, with a reason', async ({ browser }) => {
  const page = await as(browser, 'security_analyst');
  await page.goto('/alerts?state=waiting');
  const first = page.locator('#rows tbody tr').first();
  const ref = (await first.locator('a.ref').first().innerText()).trim();
  await page.goto(`/alerts/${ref}`);
  await expect(page.getByRole('heading', { name: 'What happened' })).toBeVisible();
  await page.getByRole('button', { name: 'Acknowledge' }).first().click();
  await expect(page.locator('main')).toContainText('Acknowledged');
  await page.getByRole('link', { name: 'Close', exact: true }).first().click();
  const panel = page.getByRole('dialog');
  await panel.getByRole('button').filter({ hasText: /Close/ }).last().click();
  await expect(panel).toContainText(/what it was/);
});

test('an incident shows what touched what, and how long it took', async ({ browser }) => {
  const page = await as(browser, 'security_analyst');
  await page.goto('/incidents');
  await expect(page.getByText('Time to detect')).toBeVisible();
  await page.goto('/incidents/INC-1');
  await expect(page.getByRole('heading', { name: 'What touched what' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Graph, scrollable' }).locator('svg').first()).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Timeline' })).toBeVisible();
});

test('a hunt is asked, refused when it is no question, and kept as evidence', async ({ browser }) => {
  const page = await as(browser, 'security_analyst');
  await page.goto('/hunt');
  await page.getByRole('link', { name: 'Who did what most often' }).click();
  await expect(page.getByRole('heading', { name: 'Found' })).toBeVisible();
  expect(await page.locator('table').first().locator('tbody tr').count()).toBeGreaterThan(5);
  await page.getByRole('link', { name: 'Keep as evidence' }).click();
  const panel = page.getByRole('dialog');
  await panel.getByLabel('Title').fill('Who did what');
  await panel.getByLabel('What it shows').fill('What accounts did most often.');
  await panel.getByRole('button', { name: 'File it' }).click();
  await expect(page).toHaveURL(/\/e\/EV-/);
  await page.goto('/hunt');
  await page.getByLabel('SQL over the table events').fill('DELETE FROM events');
  await page.getByRole('button', { name: 'Ask' }).click();
  await expect(page.getByLabel('SQL over the table events')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('SQL over the table events')).toHaveValue('DELETE FROM events');
});

test('events are narrowed, paged, and each has a page of its own', async ({ browser }) => {
  const page = await as(browser, 'auditor');
  await page.goto('/events');
  const rows = page.locator('#rows tbody tr');
  await expect(rows).toHaveCount(50);
  await page.getByRole('link', { name: 'Next', exact: true }).click();
  await expect(page).toHaveURL(/after=/);
  await page.getByLabel('Action, in full').fill('user.session.start');
  await expect(page).toHaveURL(/action=user.session.start/);
  await expect(page).not.toHaveURL(/after=/);
  await expect(rows.first()).toContainText('user.session.start');
  await rows.first().getByRole('link').click();
  await expect(page.getByRole('heading', { name: 'The record as it came' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Alerts that name it' })).toBeVisible();
  await page.getByRole('link', { name: 'Everything by this actor' }).click();
  await expect(page.getByLabel('Actor, in full')).not.toHaveValue('');
  await expect(rows.first()).toBeVisible();
});
