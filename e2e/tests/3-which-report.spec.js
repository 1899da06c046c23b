// @ts-check
// Which report do we need: the interview, the recommendation with its reasons, and the decision.
import { expect, test } from '@playwright/test';
import { session, world } from '../world.js';

test.use({ storageState: session('owner'), baseURL: async ({}, use) => { await use(world().url); } });

/**
 * @param {import('@playwright/test').Page} page
 * @param {string} fact
 * @param {string} value
 */
async function say(page, fact, value) {
  await page.locator(`#q-${fact}`).getByText(value, { exact: true }).click();
}

/** @param {import('@playwright/test').Page} page */
async function answerAll(page) {
  await page.goto('/interview/books');
  await say(page, 'F1', 'No');
  await say(page, 'F2', 'No');
  await say(page, 'F3', 'Don’t know');
  await page.getByRole('button', { name: 'Save and go on' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Data and systems');
  await say(page, 'F4', 'Yes');
  await say(page, 'F4a', 'No');
  await say(page, 'F13', 'No');
  await page.getByRole('button', { name: 'Save and go on' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('What you promise');
  await say(page, 'F5', 'Yes');
  await page.locator('[name=F5-commitment]').selectOption({ index: 1 });
  await say(page, 'F5a', 'Yes');
  await page.locator('[name=F5a-commitment]').selectOption('');
  await page.locator('[name=F5a-named]').fill('99.9 % a month, order form');
  for (const f of ['F5b', 'F5c', 'F5d']) await say(page, f, 'No');
  await expect(page.locator('[name=F5b-commitment]'), 'what is not promised needs no name').toBeHidden();
  await page.getByRole('button', { name: 'Save and go on' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Who will read it');
  await say(page, 'F6', 'Yes');
  for (const f of ['F7', 'F7a', 'F8', 'F9']) await say(page, f, 'No');
  await page.getByRole('button', { name: 'Save and go on' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('What has run so far');
  await say(page, 'F10', 'Yes');
  await say(page, 'F11', 'No');
  await page.getByRole('button', { name: 'Save and see the recommendation' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Recommendation');
}

test.describe.serial('which report', () => {
  test('the interview leads to a recommendation with reasons, and to a decision', async ({ page }) => {
    await page.goto('/which-report');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Which report do we need?');
    await answerAll(page);
    const reports = page.getByRole('region', { name: 'Reports' });
    await expect(reports.getByRole('listitem').filter({ hasText: 'SOC 1' }).first()).toContainText('Ask first');
    await expect(reports.getByRole('listitem').filter({ hasText: 'Controls over a system' }).first()).toContainText('Needed');
    const categories = page.getByRole('region', { name: 'Categories' });
    await expect(categories).toContainText('99.9 % a month, order form');
    await expect(page.getByRole('region', { name: 'Open questions' })).toContainText('Ask sales and customer success');
    // a period to try: it warns, and blocks nothing
    await page.getByLabel('First day').fill('2027-01-01');
    await page.getByLabel('Last day').fill('2027-02-15');
    await page.getByRole('button', { name: 'Check the period' }).click();
    await expect(page.getByText('46 days is very short', { exact: false })).toBeVisible();
    // decide otherwise: a reason is needed
    await page.getByRole('link', { name: 'Decide', exact: true }).click();
    const panel = page.getByRole('dialog');
    await expect(panel.getByLabel('SOC 2', { exact: false }).first()).toBeChecked();
    await panel.locator('[name=r-soc3]').uncheck();
    await panel.getByRole('button', { name: 'Keep the decision' }).click();
    await expect(panel.locator('#f-reason-err')).toContainText('departs from the recommendation');
    await panel.locator('[name=reason]').fill('A document for anyone comes with the second report.');
    await panel.getByRole('button', { name: 'Keep the decision' }).click();
    await page.waitForURL(/which-report\/RD-\d+$/);
    await expect(page.getByText('In force')).toBeVisible();
    await expect(page.getByRole('region', { name: 'Where it departs from the recommendation' })).toContainText('SOC 3');
    await expect(page.locator('code')).toContainText('tickmark audit new --categories security,availability --from 2027-01-01 --to 2027-02-15');
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'PDF' }).click()]);
    expect(file.suggestedFilename()).toMatch(/^RD-\d+-which-report\.pdf$/);
  });

  test('somebody else answered meanwhile: both answers are shown', async ({ page, context }) => {
    const other = await context.newPage();
    await page.goto('/interview/time');
    await other.goto('/interview/time');
    await other.locator('summary').filter({ hasText: 'Note' }).first().click();
    await other.locator('[name=F10-note]').fill(`seen by the other ${Date.now()}`);
    await other.getByRole('button', { name: 'Save for later' }).click();
    await other.waitForURL('**/which-report');
    await page.locator('#q-F10 summary').click();
    await page.locator('[name=F10-note]').fill('mine');
    await page.getByRole('button', { name: 'Save for later' }).click();
    await expect(page.getByText('Somebody saved a change while you were writing.')).toBeVisible();
    await expect(page.locator('#f-F10-note-now')).toContainText('seen by the other');
    await expect(page.locator('[name=F10-note]')).toHaveValue('mine');
    await page.getByRole('button', { name: 'Save for later' }).click();
    await page.waitForURL('**/which-report');
  });

  test('works without scripts', async ({ browser }) => {
    const c = await browser.newContext({ javaScriptEnabled: false, storageState: session('owner'), baseURL: world().url });
    const page = await c.newPage();
    await answerAll(page);
    await page.getByRole('link', { name: 'Decide', exact: true }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('What do you decide?');
    await c.close();
  });
});

test('a reader of the programme does not see it', async ({ browser }) => {
  const c = await browser.newContext({ storageState: session('reader'), baseURL: world().url });
  const page = await c.newPage();
  const answer = await page.goto('/which-report');
  expect(answer?.status()).toBe(403);
  await c.close();
});
