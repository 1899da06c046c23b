// @ts-check
// An examination from both sides: a request and its answer, a testing sheet by keyboard, two signatures, what others are refused, and
// the report that is out.
import { expect, test } from '@playwright/test';
import { as } from '../world.js';

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

/**
 * The address of the firm's pages of an engagement.
 * @param {import('@playwright/test').Page} page
 * @param {RegExp} name
 */
async function audit(page, name) {
  await page.goto('/audits');
  const href = await page.getByRole('row').filter({ hasText: name }).getByRole('link').first().getAttribute('href');
  expect(href).toMatch(/^\/audits\//);
  return href ?? '';
}

/** The examination that runs, and the one whose report is out. */
const runs = /SOC2-\d+-2/;
const out = /SOC2-\d+-1/;

test('the firm asks, the client answers, the firm accepts; both see the same', async ({ browser }) => {
  const title = `Talk about keys ${Math.floor(Math.random() * 1e6)}`;
  const senior = await as(browser, 'senior');
  const base = await audit(senior, runs);
  await senior.goto(`${base}/requests/new`);
  await senior.getByLabel('Type', { exact: true }).selectOption({ label: 'Interview' });
  await senior.getByLabel('Title', { exact: true }).fill(title);
  await senior.getByLabel('What exactly is needed').fill('Who keeps the keys of the office, and who counts them.');
  await senior.getByLabel('Due', { exact: true }).fill(new Date(Date.now() + 9 * 864e5).toISOString().slice(0, 10));
  await senior.locator('form button[type=submit].primary').last().click();
  await expect(senior.locator('main')).toContainText(title);

  const lead = await as(browser, 'compliance_lead');
  await lead.goto('/engagements');
  const ref = runs.exec((await lead.getByRole('link', { name: runs }).first().textContent()) ?? '')?.[0] ?? '';
  await lead.goto(`/engagements/${ref}/requests?q=${encodeURIComponent(title)}`);
  await lead.locator('main a[href*="/requests/R-"]').first().click();
  await expect(lead.getByRole('heading', { level: 1 })).toContainText(title);
  const answered = lead.locator('form[action$="/provide"]');
  await answered.locator('textarea').fill('The office lead keeps them; we show you the book on Tuesday at 10:00 UTC.');
  await answered.locator('button[type=submit]').click();
  await expect(lead.locator('main')).toContainText('Take the answer back');

  await senior.goto(`${base}/requests?q=${encodeURIComponent(title)}`);
  await senior.locator('main a[href*="/requests/R-"]').first().click();
  await expect(senior.locator('main')).toContainText('we show you the book on Tuesday');
  await senior.getByRole('link', { name: 'Accept', exact: true }).click();
  await senior.locator('dialog, form').getByRole('button', { name: /Accept/ }).last().click();
  await expect(senior.locator('main')).toContainText('Open again');
  await lead.reload();
  await expect(lead.locator('main')).toContainText('Accepted');
});

test('a testing sheet of 25 items and 5 attributes is marked by keyboard, concluded, and signed by two', async ({ browser }) => {
  const staff = await as(browser, 'staff');
  const base = await audit(staff, runs);
  await staff.goto(`${base}/testing?q=AVL-02`);
  const sheet = await staff.locator('main a.ref').first().getAttribute('href');
  await staff.goto(`${sheet}`);
  const cells = staff.locator('tm-grid .mk[data-cell]');
  await expect(cells).toHaveCount(125);
  await cells.first().click();
  for (let i = 0; i < 125; i++) await staff.keyboard.press('t');
  await expect(staff.locator('tm-grid .mk[data-v=t]')).toHaveCount(125);
  await expect(async () => {
    await staff.reload();
    await expect(staff.locator('tm-grid .mk[data-v=t]')).toHaveCount(125, { timeout: 500 });
  }).toPass({ timeout: 15_000 });

  await staff.goto(`${sheet}?tab=conclusion`);
  await staff.locator('form[action$="/conclude"]').getByText('Operated effectively', { exact: true }).click();
  await staff.getByLabel('Why', { exact: true }).fill('Each of the 25 nights agrees with the control.');
  await staff.getByRole('button', { name: 'Keep the conclusion' }).click();
  await staff.locator('form[action$="/sign"] button').click();
  await expect(staff.locator('main')).toContainText('For review');

  const senior = await as(browser, 'senior');
  await senior.goto(`${sheet}`);
  await senior.getByRole('button', { name: 'Sign as reviewer' }).click();
  await expect(senior.locator('main')).toContainText('Reviewed');
  await expect(senior.locator('main')).toContainText('Jonas Harlow');
});

test('who is not invited, and who may not, is refused', async ({ browser }) => {
  const staff = await as(browser, 'staff');
  const base = await audit(staff, runs);
  expect((await staff.request.get(`${base}/report/opinion/operation`)).status(), 'staff enters no opinion').toBe(403);
  for (const role of ['owner', 'compliance_lead', 'auditor', 'reader']) {
    const page = await as(browser, role);
    expect((await page.request.get(`${base}/testing`)).status(), `${role} sees no workpapers`).toBeGreaterThanOrEqual(403);
  }
  const reviewer = await as(browser, 'quality_reviewer');
  expect((await reviewer.request.get(`${base}/testing`)).status()).toBe(200);
  expect((await reviewer.request.get(`${base}/testing/new`)).status(), 'a quality reviewer tests nothing').toBe(403);
});

test('the examination that is over shows its opinion to the firm and its report to the client', async ({ browser }) => {
  const partner = await as(browser, 'partner');
  await partner.goto(`${await audit(partner, out)}/report`);
  await expect(partner.locator('main')).toContainText(/qualified/i);
  const lead = await as(browser, 'compliance_lead');
  await lead.goto('/engagements');
  await lead.getByRole('link', { name: out }).first().click();
  await expect(lead.locator('main')).toContainText('Maintained');
});
