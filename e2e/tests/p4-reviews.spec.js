// @ts-check
// Access reviews: a population is frozen with its counts, rows are decided by key, nobody decides on the own row, and the result is
// sealed as evidence.
import { test, expect } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { as, world } from '../world.js';

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

/**
 * Starts a review of one's own and returns its reference.
 * @param {import('@playwright/test').Page} page
 * @param {string} title
 * @param {string} system
 */
async function start(page, title, system) {
  await page.goto('/access-reviews/new');
  const line = page.locator('.rv-offer').filter({ has: page.locator(`input[name="take.${system}"]`) });
  const first = line.getByRole('button', { name: /^Collect/ });
  if (await first.count() > 0) { // the list is older than a day
    await first.click();
    await expect(async () => { await page.reload(); await expect(line.getByText(/Reconciled/)).toBeVisible(); await expect(line.getByRole('button', { name: /^Collect/ })).toHaveCount(0); }).toPass({ timeout: 60_000 });
  }
  await line.getByRole('checkbox').first().check();
  await line.getByLabel(`Reviewer of ${system}`).selectOption({ label: world().user('control_owner').name });
  await line.getByLabel(`Deputy for ${system}`).selectOption({ label: world().user('security_analyst').name });
  await page.getByLabel('Title').fill(title);
  await page.getByRole('button', { name: 'Freeze and start' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
  return /AR-\d{4}-\d+/.exec(page.url())?.[0] ?? '';
}

test('a review from the frozen population to the sealed result', async ({ browser }) => {
  test.slow();
  const lead = await as(browser, 'owner');
  const ref = await start(lead, `Flow of ${Date.now()}`, 'github-main');
  const strip = lead.locator('.rv-strip');
  await expect(strip).toContainText(/Reconciled (\d+) = \1/);
  await expect(lead.getByRole('table').filter({ hasText: 'Population' })).toContainText('github-main');

  // The reviewer decides by key; a decision moves on, and is there after the page is loaded anew.
  const page = await as(browser, 'control_owner');
  await page.goto(`/access-reviews/${ref}/github-main?decision=undecided`);
  const rows = page.locator('tr[data-row]');
  const plain = rows.filter({ has: page.locator('button[data-k="keep"]') });
  const id = await plain.first().getAttribute('id');
  await plain.first().getByRole('link').first().focus();
  await page.keyboard.press('k');
  await expect(page.locator(`#${id}`)).toHaveAttribute('data-said', 'keep');
  await expect(page.locator(`#${id} [data-k="keep"]`)).toHaveAttribute('aria-pressed', 'true');
  await expect(page.locator(`#${id}`)).not.toContainText('undecided');
  expect(await page.evaluate((x) => document.activeElement?.closest('tr')?.id !== x, id)).toBe(true);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('u');
  await expect(page.locator(`#${id}`)).toHaveAttribute('data-said', '');
  await page.keyboard.press('r');
  await expect(page.locator(`#${id}`)).toHaveAttribute('data-said', 'remove');
  await page.reload();
  await expect(page.locator(`#${id}`)).toHaveCount(0); // it is decided
  await expect(page.locator('[data-decided]')).toHaveText('1');

  // C asks what is to change; too few words are told at the field.
  await page.locator('tr[data-mine] td a[href]').first().focus();
  await page.keyboard.press('c');
  const panel = page.getByRole('dialog');
  await panel.getByRole('textbox', { name: 'Reason' }).fill('less');
  await panel.getByRole('button', { name: 'Decide' }).click();
  await expect(panel.getByText(/at least 10 characters \(4 so far\)/)).toBeVisible();
  await panel.getByRole('textbox', { name: 'Reason' }).fill('Only the reports are needed.');
  await panel.getByRole('button', { name: 'Decide' }).click();
  await expect(page.locator('[data-decided]')).toHaveText('2');

  // Everything else at once, with one reason for what is flagged.
  await page.goto(`/access-reviews/${ref}/github-main?decision=undecided&size=1000`);
  await page.getByLabel('Tick all rows shown').check();
  await page.getByRole('toolbar').getByRole('button', { name: 'Keep' }).click();
  await page.getByLabel('Why they stay').fill('Looked through with the team lead.');
  await page.getByRole('button', { name: 'Keep', exact: true }).click();
  await expect(page.getByText(/rows: Keep\./)).toBeVisible();

  // Closed: sealed, and nothing can be decided any more.
  await lead.goto(`/access-reviews/${ref}`);
  await lead.getByRole('link', { name: 'Close', exact: true }).click();
  await lead.getByRole('dialog').getByRole('button', { name: 'Close for good' }).click();
  await expect(lead.locator('.page-head')).toContainText('Closed');
  const sealed = lead.locator('section').filter({ hasText: 'Sealed result' });
  await expect(sealed.getByRole('link').first()).toHaveText(/^EV-/);
  await lead.getByRole('link', { name: /What follows/ }).click();
  await expect(lead.locator('#rows tbody tr')).toHaveCount(2);
  const [download] = await Promise.all([lead.waitForEvent('download'), lead.getByRole('link', { name: 'CSV' }).click()]);
  expect(readFileSync(await download.path(), 'utf8').split('\r\n').length).toBe(4);
  await page.goto(`/access-reviews/${ref}/github-main`);
  await expect(page.locator('.rv-kcr')).toHaveCount(0);
});

test('two reviewers at once: the second is told, and whose row it is not cannot decide', async ({ browser }) => {
  const lead = await as(browser, 'owner');
  const ref = await start(lead, `Twice ${Date.now()}`, 'github-main');
  const one = await as(browser, 'control_owner');
  const two = await as(browser, 'control_owner');
  await one.goto(`/access-reviews/${ref}/github-main`);
  await two.goto(`/access-reviews/${ref}/github-main`);
  const row = one.locator('tr[data-row]').filter({ has: one.locator('button[data-k="keep"]') }).first();
  const id = await row.getAttribute('id');
  await row.getByRole('button', { name: /^Remove/ }).click();
  await expect(one.locator(`#${id}`)).toHaveAttribute('data-said', 'remove');
  await two.locator(`#${id}`).getByRole('button', { name: /^Keep/ }).click();
  await expect(two.getByText(/was decided meanwhile: Remove/)).toBeVisible();
  await expect(two.locator(`#${id}`)).toHaveAttribute('data-said', 'remove');
  await lead.goto(`/access-reviews/${ref}/github-main`);
  await expect(lead.locator('.rv-kcr')).toHaveCount(0);
  await lead.goto(`/access-reviews/${ref}`);
  await lead.getByRole('link', { name: 'Cancel', exact: true }).click();
  await lead.getByRole('dialog').getByLabel('Why').fill('Begun to look at it only.');
  await lead.getByRole('dialog').getByRole('button', { name: 'Cancel the review' }).click();
  await expect(lead.locator('.page-head')).toContainText('Cancelled');
});

test('without scripts: the buttons decide, and the panel is a page', async ({ browser }) => {
  const lead = await as(browser, 'owner');
  const ref = await start(lead, `Plain ${Date.now()}`, 'github-main');
  const page = await as(browser, 'control_owner', { javaScriptEnabled: false });
  await page.goto(`/access-reviews/${ref}/github-main?decision=undecided`);
  const row = page.locator('tr[data-row]').filter({ has: page.locator('button[data-k="keep"]') }).first();
  const id = await row.getAttribute('id');
  await row.getByRole('button', { name: /^Keep/ }).click();
  await expect(page).toHaveURL(/decision=undecided/);
  await expect(page.locator(`#${id}`)).toHaveCount(0);
  await page.locator('tr[data-mine] a[data-k="change"]').first().click();
  await page.getByLabel('Reason').fill('Only the reports are needed.');
  await page.getByRole('button', { name: 'Decide' }).click();
  await expect(page.getByText(/: change\./)).toBeVisible();
});

test('the calendar, a row with its history, and what the demo year left', async ({ browser }) => {
  const page = await as(browser, 'auditor');
  await page.goto('/access-reviews');
  await expect(page.getByRole('heading', { name: 'Calendar' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'New review' })).toHaveCount(0);
  await page.getByLabel('Closed').check();
  await page.locator('#rows tbody tr').filter({ hasText: /Accounts, quarter/ }).first().getByRole('link').click();
  await expect(page.locator('.rv-strip')).toContainText('Reconciled');
  await expect(page.locator('section').filter({ hasText: 'Sealed result' }).first()).toBeVisible();
  await page.getByRole('link', { name: 'okta-main', exact: true }).click();
  await page.locator('tr[data-row] td a[href]').first().click();
  await expect(page.getByRole('heading', { name: 'In every review' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'As it was frozen' })).toBeVisible();
});

for (const [width, scheme] of /** @type {[number, 'light' | 'dark'][]} */ ([[1440, 'light'], [390, 'dark']])) {
  test(`${width} wide, ${scheme}: the three ways of a row are in sight, and nothing is wider than the screen`, async ({ browser }) => {
    const lead = await as(browser, 'owner');
    const ref = await start(lead, `Wide ${width} ${Date.now()}`, 'okta-main');
    const page = await as(browser, 'control_owner', { viewport: { width, height: 900 }, colorScheme: scheme });
    for (const path of ['', '?tab=follow', '/okta-main', '/all', '/rows/1']) {
      expect((await page.goto(`/access-reviews/${ref}${path}`))?.status(), path).toBe(200);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path).toBe(true);
    }
    await page.goto(`/access-reviews/${ref}/okta-main?decision=undecided`);
    const row = page.locator('tr[data-mine]').filter({ has: page.locator('button[data-k="keep"]') }).first();
    const id = await row.getAttribute('id');
    for (const way of await row.locator('[data-k]').all()) {
      const box = await way.boundingBox();
      expect(box && box.x + box.width <= width).toBe(true);
    }
    await row.getByRole('button', { name: /^Keep/ }).click();
    await expect(page.locator(`#${id}`)).toHaveAttribute('data-said', 'keep');
  });
}
