// @ts-check
// The risk register, its matrix and assessments, reviews of change, and changes told to people.
import { test, expect } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { as } from '../world.js';

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

/** A day, some days from now. @param {number} days */
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/**
 * Adds a risk of one's own and returns its reference.
 * @param {import('@playwright/test').Page} page
 * @param {string} title
 */
async function add(page, title) {
  await page.goto('/risks/new');
  await page.getByLabel('What could happen').fill(title);
  const inherent = page.getByRole('group', { name: 'Inherent risk' }), residual = page.getByRole('group', { name: 'Residual risk' });
  await inherent.getByLabel('Likelihood').selectOption('5');
  await inherent.getByLabel('Impact').selectOption('4');
  await residual.getByLabel('Likelihood').selectOption('4');
  await residual.getByLabel('Impact').selectOption('4');
  await page.getByRole('checkbox', { name: /^IAM-02/ }).check();
  await page.getByLabel('Response', { exact: true }).selectOption('reduce');
  await page.getByRole('button', { name: 'Add the risk' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
  return /R-\d+/.exec(page.url())?.[0] ?? '';
}

test('matrix: fields reached by keyboard filter the list, with and without controls', async ({ browser }) => {
  const page = await as(browser, 'auditor');
  await page.goto('/risks/matrix');
  const field = page.getByRole('link', { name: /likelihood Unlikely, impact Major, score 8/ });
  const count = Number(/^(\d+)/.exec((await field.getAttribute('aria-label')) ?? '')?.[1] ?? 0);
  await field.focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/cell=2x4/);
  await expect(page.locator('#rows tbody tr')).toHaveCount(count);
  await expect(page.getByRole('link', { name: /score 8, Medium/ }).and(page.locator('[aria-current]'))).toHaveCount(1);
  await page.getByRole('link', { name: 'Show without controls' }).click();
  await expect(page.getByRole('heading', { name: 'Without controls' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'New risk' })).toHaveCount(0);
});

test('matrix: works without scripts', async ({ browser }) => {
  const page = await as(browser, 'auditor', { javaScriptEnabled: false });
  await page.goto('/risks/matrix');
  await page.getByRole('link', { name: /likelihood Rare, impact Severe/ }).click();
  await expect(page).toHaveURL(/cell=1x5/);
  await expect(page.locator('#rows tbody tr').first()).toContainText('5');
});

test('risk: added, treated, escalated text kept, accepted by somebody else until a day', async ({ browser }) => {
  const page = await as(browser, 'security_analyst');
  const ref = await add(page, `A risk for the flow ${Date.now()}`);
  await expect(page.getByText('Above tolerance')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Table: Controls that lower it' })).toContainText('IAM-02');
  await page.getByRole('link', { name: 'Add a treatment' }).click();
  await page.getByLabel('What is to be done').fill('Lower it');
  await page.getByRole('button', { name: 'Open the task' }).click();
  await expect(page.getByText('A treatment without a day is never late.')).toBeVisible();
  await page.getByLabel('By', { exact: true }).fill(day(30));
  await page.getByRole('button', { name: 'Open the task' }).click();
  await expect(page.getByRole('region', { name: 'Table: Treatment' })).toContainText('Lower it');
  await expect(page.getByRole('link', { name: 'Accept', exact: true })).toHaveCount(0);
  const owner = await as(browser, 'owner');
  await owner.goto(`/risks/${ref}`);
  await owner.getByRole('link', { name: 'Accept', exact: true }).click();
  await owner.getByLabel('Why').fill('short');
  await owner.getByRole('button', { name: 'Accept the risk' }).click();
  await expect(owner.getByText('at least 10 characters')).toBeVisible();
  await owner.getByLabel('Why').fill('Nothing else can be done this year.');
  await owner.getByRole('button', { name: 'Accept the risk' }).click();
  await expect(owner.locator('.page-head')).toContainText('Accepted until');
  await owner.getByRole('link', { name: 'Revoke' }).click();
  await owner.getByLabel('Why').fill('There is money for it after all.');
  await owner.getByRole('button', { name: 'Revoke' }).click();
  await expect(owner.locator('.page-head')).toContainText('Above tolerance');
});

test('risk: reviewed until a day that lies ahead, closed, and opened again', async ({ browser }) => {
  const page = await as(browser, 'security_analyst');
  await add(page, `A risk for a review ${Date.now()}`);
  await page.getByRole('link', { name: 'Review', exact: true }).click();
  await page.getByLabel('Next review').fill(day(-3));
  await page.getByRole('button', { name: 'It is as it stands' }).click();
  await expect(page.locator('#f-review-err')).toContainText('is over');
  await page.getByLabel('Next review').fill(day(90));
  await page.getByRole('button', { name: 'It is as it stands' }).click();
  await expect(page.getByText('reviewed it')).toBeVisible();
  await page.getByRole('link', { name: 'Close', exact: true }).click();
  await page.getByLabel('Why').fill('It was only for the flow.');
  await page.getByRole('button', { name: 'Close the risk' }).click();
  await expect(page.locator('.page-head')).toContainText('Closed');
  await page.getByRole('button', { name: 'Reopen' }).click();
  await expect(page.locator('.page-head')).toContainText('Above tolerance');
});

test('assessment: started, a risk looked at, and not frozen before all were', async ({ browser }) => {
  const page = await as(browser, 'owner');
  await page.goto('/risk-assessments');
  const open = page.locator('#rows tr', { hasText: 'Open' });
  if (await open.count()) {
    await open.first().getByRole('link').first().click();
  } else {
    await page.getByRole('link', { name: 'Start an assessment' }).click();
    await page.getByLabel('Participants').fill('Dana Whitfield, chief executive\nOmar Haddad');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
  }
  await expect(page.locator('.page-head')).toContainText('looked at');
  const row = page.locator('#lines tbody tr', { hasText: 'To look at' }).first();
  const ref = (await row.getByRole('link').first().textContent()) ?? '';
  await row.getByRole('link', { name: `Look at ${ref}` }).click();
  await page.getByLabel('Rate it again').check();
  await page.getByRole('button', { name: 'Record it' }).click();
  await expect(page.locator('#f-note-err')).toContainText('at least 10 characters');
  await page.getByLabel('It is as it stands').check();
  await page.getByRole('button', { name: 'Record it' }).click();
  await expect(page.locator('#lines tbody tr', { hasText: ref }).first()).toContainText('Confirmed');
  await page.getByRole('link', { name: 'Freeze', exact: true }).click();
  await page.getByLabel(/^Type RA-/).fill(/RA-[\d-]+/.exec(page.url())?.[0] ?? '');
  await page.getByRole('button', { name: 'Freeze the assessment' }).click();
  await expect(page.getByText(/\d+ of \d+ risks were not looked at/)).toBeVisible();
});

test('risk: of two who edit one, the second is shown both texts', async ({ browser }) => {
  const mine = await as(browser, 'security_analyst');
  const ref = await add(mine, `A risk for two ${Date.now()}`);
  const theirs = await as(browser, 'owner');
  await mine.goto(`/risks/${ref}/edit`);
  await theirs.goto(`/risks/${ref}/edit`);
  await mine.getByLabel('What could happen').fill('Mine came first');
  await mine.getByRole('button', { name: 'Save' }).click();
  await expect(mine.getByRole('heading', { level: 1 })).toHaveText('Mine came first');
  await theirs.getByLabel('What could happen').fill('Theirs came second');
  await theirs.getByRole('button', { name: 'Save' }).click();
  await expect(theirs.getByText('Somebody saved a change while you were writing.')).toBeVisible();
  await expect(theirs.locator('#f-title-now')).toContainText('Mine came first');
  await theirs.getByRole('button', { name: 'Save' }).click();
  await expect(theirs.getByRole('heading', { level: 1 })).toHaveText('Theirs came second');
});

test('assessment: frozen, with its seal, its files and the step from the one before', async ({ browser }) => {
  const page = await as(browser, 'auditor');
  await page.goto('/risk-assessments');
  await page.locator('#rows tr', { hasText: 'Frozen' }).first().getByRole('link').first().click();
  await expect(page.getByRole('heading', { name: 'Seal' })).toBeVisible();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'JSON' }).click()]);
  expect(JSON.parse(readFileSync(await download.path(), 'utf8')).risks.length).toBeGreaterThanOrEqual(40);
  const [pdf] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'PDF' }).click()]);
  expect(readFileSync(await pdf.path()).subarray(0, 4).toString()).toBe('%PDF');
  await page.getByRole('link', { name: /^Against RA-/ }).click();
  await expect(page.getByRole('region', { name: 'Table: Risk by risk' }).getByText('Lower').first()).toBeVisible();
  await expect(page.getByRole('link', { name: 'Freeze' })).toHaveCount(0);
});

test('review of change: recorded, reviewed before its day', async ({ browser }) => {
  const page = await as(browser, 'security_analyst');
  await page.goto('/risk-reviews/new');
  await page.getByLabel('Kind').selectOption('vendor');
  await page.getByLabel('What changes').fill(`A vendor for the flow ${Date.now()}`);
  await page.getByRole('button', { name: 'Record it' }).click();
  await expect(page.locator('#f-effective-err')).toContainText('which day');
  await page.getByLabel('In effect from').fill(day(20));
  await page.getByRole('button', { name: 'Record it' }).click();
  await expect(page.locator('.page-head')).toContainText('To be reviewed');
  await page.getByRole('link', { name: 'Record the review' }).click();
  await page.getByLabel('Which risks and controls it touches, and what follows').fill('The controls on vendors cover it; nothing else follows.');
  await page.getByLabel('Risks added or rated again').fill('R-001');
  await page.getByRole('button', { name: 'Record the review' }).click();
  await expect(page.locator('.page-head')).toContainText('Reviewed in time');
});

test('change: decided by a person, told to one audience in time and to the other too late', async ({ browser }) => {
  const page = await as(browser, 'control_owner');
  await page.goto('/changes/new');
  const title = `A change for the flow ${Date.now()}`;
  await page.getByLabel('What changes', { exact: true }).fill(title);
  await page.getByLabel('In effect from').fill(day(1));
  await page.getByLabel('Customers notice it').check();
  await page.getByLabel('What customers notice').fill('A column more.');
  await page.getByRole('checkbox', { name: 'Customers', exact: true }).check();
  await page.getByRole('checkbox', { name: 'All staff' }).check();
  await page.getByRole('button', { name: 'Record the change' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
  await page.getByRole('link', { name: 'Decide' }).click();
  await page.getByRole('radio', { name: 'Significant', exact: true }).check();
  await page.getByLabel('Because').fill('User entities read the export by machine.');
  await page.getByRole('button', { name: 'Record my decision' }).click();
  await expect(page.getByRole('region', { name: 'Significant?' })).toContainText('User entities read');
  await page.getByRole('link', { name: 'Tell people' }).click();
  await page.getByLabel('Who was told').selectOption('customers');
  await page.getByRole('button', { name: 'Record it' }).click();
  await expect(page.getByRole('region', { name: 'Table: Who has to know' })).toContainText('To be told');
  await page.getByRole('link', { name: 'Add the proof' }).click();
  await page.getByLabel('Evidence').fill('EV-2026-99999');
  await page.getByRole('button', { name: 'Record the proof' }).click();
  await expect(page.locator('#f-evidence-err')).toContainText('no evidence');
  await page.getByLabel('Evidence').fill('EV-2026-00001');
  await page.getByRole('button', { name: 'Record the proof' }).click();
  await expect(page.getByRole('region', { name: 'Table: Who has to know' })).toContainText('EV-2026-00001');
  await page.getByRole('link', { name: 'It takes effect' }).click();
  await expect(page.getByText('Not told yet: All staff.')).toBeVisible();
  await page.getByRole('button', { name: 'Record it' }).click();
  await expect(page.locator('.page-head')).toContainText('Not told');
  const owner = await as(browser, 'owner');
  await owner.goto(page.url());
  await owner.getByRole('button', { name: 'Put it into the system description' }).click();
  await expect(owner.getByRole('region', { name: 'Significant?' })).toContainText('In the system description');
});

test('change: the list narrows to those told too late', async ({ browser }) => {
  const page = await as(browser, 'auditor');
  await page.goto('/changes?told=late');
  await expect(page.locator('#rows tbody tr').first()).toContainText(/Too late|Not told/);
  await page.locator('#rows tbody tr', { hasText: 'Two old versions' }).getByRole('link').first().click();
  await expect(page.getByRole('region', { name: 'Table: Who has to know' })).toContainText(/Told .* late/);
  await expect(page.getByRole('link', { name: 'Tell people' })).toHaveCount(0);
});

for (const [width, scheme] of /** @type {[number, 'light' | 'dark'][]} */ ([[1440, 'light'], [390, 'dark']])) {
  test(`changes and risks at ${width}, ${scheme}: nothing is wider than the page`, async ({ browser }) => {
    const page = await as(browser, 'owner', { viewport: { width, height: 900 }, colorScheme: scheme });
    for (const path of ['/risks', '/risks/matrix', '/risks/R-032', '/risk-reviews', '/changes', '/risks/scales']) {
      await page.goto(path);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(width);
    }
  });
}
