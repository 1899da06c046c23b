// @ts-check
// The register of vendors: entered and assessed, reports with a gap between them and the letter that closes it, what reports
// ask of us, the calendar, applications behind sign-on, and the end of use.
import { test, expect } from '@playwright/test';
import { as } from '../world.js';

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

/** A day, some days from now, as a field takes it. @param {number} days */
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** The same as a page says it. @param {number} days */
function said(days) {
  const [y, m, d] = day(days).split('-').map(Number);
  return `${d} ${['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][(m ?? 1) - 1]} ${y}`;
}

/** A name that no other flow uses. @param {string} what */
const named = (what) => `${what} ${Date.now()}${Math.floor(Math.random() * 1000)}`;

/**
 * Enters a vendor of tier high and returns its reference.
 * @param {import('@playwright/test').Page} page
 * @param {string} name
 */
async function enter(page, name) {
  await page.goto('/vendors');
  await page.getByRole('link', { name: 'New vendor' }).first().click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('What it does for us').fill('Keeps copies of records.');
  await page.getByRole('checkbox', { name: 'Personal', exact: true }).check();
  await page.getByLabel('How much depends on it').selectOption('high');
  await page.getByLabel('First used').fill(day(-900));
  await page.getByRole('button', { name: 'Add to the register' }).click();
  await expect(page.locator('.page-head h1')).toHaveText(name);
  await expect(page.locator('.rule-t td[data-here]')).toHaveText('High');
  return /V-\d+/.exec(page.url())?.[0] ?? '';
}

/**
 * Files a report and returns its reference.
 * @param {import('@playwright/test').Page} page
 * @param {string} ref
 * @param {number} from
 * @param {number} to
 */
async function file(page, ref, from, to) {
  await page.goto(`/vendors/${ref}?tab=reports`);
  await page.getByRole('region', { name: 'Reports on file' }).first().getByRole('link', { name: 'File a report' }).click();
  await page.getByLabel('First day of its period').fill(day(from));
  await page.getByLabel('Last day, or as of').fill(day(to));
  await page.getByLabel('Auditor').fill('Trey Research Assurance');
  await page.getByLabel('Opinion, as read').selectOption('unqualified');
  await page.getByLabel('Exceptions noted').fill('0');
  await page.getByRole('button', { name: 'File it' }).click();
  await expect(page).toHaveURL(/\/reports\/VR-\d+$/);
  return /VR-\d+/.exec(page.url())?.[0] ?? '';
}

test('register: a vendor is entered, corrected at the field, found again and removed', async ({ browser }) => {
  const page = await as(browser, 'owner');
  await page.goto('/vendors/new');
  await page.getByLabel('Name', { exact: true }).fill('X');
  await page.getByRole('button', { name: 'Add to the register' }).click();
  await expect(page.locator('#f-name-err')).toContainText('at least 2');
  const name = named('Register of records');
  const ref = await enter(page, name);
  await page.goto('/vendors');
  await page.getByRole('searchbox', { name: 'Find a vendor' }).fill(name);
  await page.getByRole('searchbox', { name: 'Find a vendor' }).press('Enter');
  await expect(page.locator('#rows tbody tr')).toHaveCount(1);
  await page.locator('#rows').getByRole('link', { name: ref }).click();
  await page.getByRole('link', { name: 'Entered by mistake? Remove it' }).click();
  await page.getByLabel('Why').fill('It was entered by a flow of the tests.');
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(page).toHaveURL(/\/vendors$/);
  expect((await page.request.get(`/vendors/${ref}`)).status()).toBe(404);
});

test('reports: the gap between two is said and drawn, a letter closes it, and a withdrawn letter opens it again', async ({ browser }) => {
  const page = await as(browser, 'owner');
  const ref = await enter(page, named('Gap storage'));
  const first = await file(page, ref, -800, -431);
  await expect(page.getByText('Nobody has reviewed it yet.')).toBeVisible();
  const second = await file(page, ref, -400, -40);
  const gap = `Nothing covers ${said(-430)} to ${said(-401)}: the period begins 30 days after`;
  await expect(page.locator('main')).toContainText(gap);
  await page.goto(`/vendors/${ref}?tab=reports`);
  await expect(page.locator('main')).toContainText(gap);
  await expect(page.locator('.cov-all .cv-gap').first()).toBeAttached();

  await page.getByRole('link', { name: 'File a letter' }).click();
  await page.getByLabel('Continues').selectOption(first);
  await page.getByLabel('First day', { exact: true }).fill(day(-430));
  await page.getByLabel('Last day', { exact: true }).fill(day(-440));
  await page.getByRole('button', { name: 'File it' }).click();
  await expect(page.locator('#f-to-err')).toContainText('before it begins');
  await page.getByLabel('Last day', { exact: true }).fill(day(-401));
  await page.getByLabel('Signed').fill(day(-395));
  await page.getByRole('button', { name: 'File it' }).click();
  const letters = page.getByRole('region', { name: 'Table: Bridge letters received' });
  await expect(letters).toContainText('30 days');
  await expect(page.locator('main')).not.toContainText(gap);

  await letters.getByRole('link', { name: /^Withdraw VB-/ }).click();
  await page.getByLabel('Why').fill('It belongs to another vendor.');
  await page.getByRole('button', { name: 'Withdraw', exact: true }).click();
  await expect(letters).toContainText('Withdrawn: It belongs to another vendor.');
  await expect(page.locator('main')).toContainText(gap);

  await page.goto(`/vendors/${ref}/reports/${second}`);
  await page.getByRole('link', { name: 'Review', exact: true }).first().click();
  for (const g of await page.locator('.asks fieldset').all()) await g.getByText('Yes', { exact: true }).click();
  await page.getByRole('group', { name: 'Do you rely on it?' }).getByText('Relied on', { exact: true }).click();
  await page.getByRole('button', { name: 'Record the review' }).click();
  await expect(page.locator('.page-head')).toContainText('Relied on');
});

test('user entity controls: added, not mapped until one of ours does it, and set aside with a reason', async ({ browser }) => {
  const page = await as(browser, 'owner');
  const ref = await enter(page, named('Asking payments'));
  await file(page, ref, -400, -40);
  await page.goto(`/vendors/${ref}?tab=cuecs`);
  await page.getByRole('link', { name: 'Add', exact: true }).click();
  await page.getByLabel('What we are to do').fill('Accounts of people who leave are removed.');
  await page.getByLabel('Number in the report').fill('4.1');
  await page.getByLabel('Criteria').fill('CC6.2');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  const table = page.getByRole('region', { name: 'Table: What its reports ask of you' });
  await expect(table).toContainText('Not mapped');
  await expect(page.getByText('1 control is mapped to none of yours.')).toBeVisible();
  await table.getByRole('link', { name: /^Map VC-/ }).click();
  await page.getByLabel('Controls of ours that do it').fill('XYZ-99');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('#f-controls-err')).toContainText('XYZ-99');
  await page.getByLabel('Controls of ours that do it').fill('IAM-04');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(table.getByRole('link', { name: 'IAM-04' })).toBeVisible();
  await expect(table).not.toContainText('Not mapped');
  await table.getByRole('link', { name: /^Drop VC-/ }).click();
  await page.getByLabel('Why').fill('The new report no longer asks for it.');
  await page.getByRole('button', { name: 'Take off' }).click();
  await expect(page.getByText('None is written down.')).toBeVisible();
});

test('assessment: what is missing is said, what was chosen stays, and a finding becomes a task', async ({ browser }) => {
  const page = await as(browser, 'owner');
  const ref = await enter(page, named('Assessed desk'));
  await page.getByRole('link', { name: 'Assess', exact: true }).first().click();
  for (const g of await page.locator('.asks fieldset').all()) await g.getByText('Yes', { exact: true }).click();
  await page.getByRole('group', { name: 'Your decision' }).getByText('Approved with conditions').click();
  await page.getByRole('button', { name: 'Record the decision' }).click();
  await expect(page.locator('form.asking')).toContainText('Name at least one finding');
  await expect(page.locator('.asks input[value="yes"]:checked')).toHaveCount(11);
  await page.getByLabel('Finding 1').fill('The list of subcontractors is old.');
  await page.getByRole('button', { name: 'Record the decision' }).click();
  await expect(page.locator('.page-head')).toContainText('Approved with conditions');
  await page.getByRole('link', { name: 'Make a task' }).click();
  await page.getByRole('button', { name: 'Open the task' }).click();
  await expect(page.getByRole('region', { name: 'Table: Findings' }).getByRole('link', { name: /^T-/ })).toBeVisible();
  await page.goto(`/vendors/${ref}`);
  await expect(page.getByRole('region', { name: 'What is due' })).toContainText('Performance review');
});

test('calendar: months ahead, one kind of date, and its file', async ({ browser }) => {
  const page = await as(browser, 'auditor');
  await page.goto('/vendors/calendar');
  await expect(page.locator('.year > li')).toHaveCount(14);
  await page.getByLabel('What', { exact: true }).selectOption('performance');
  await expect(page).toHaveURL(/what=performance/);
  const kinds = await page.locator('#rows tbody tr td:nth-child(2)').allInnerTexts();
  expect(kinds.length).toBeGreaterThan(0);
  expect(new Set(kinds)).toEqual(new Set(['Performance review']));
  const [down] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'XLSX' }).click()]);
  expect(down.suggestedFilename()).toMatch(/vendor-calendar.*\.xlsx$/);
});

test('applications: one that is nobody\'s is added to the register with one press, and taken back', async ({ browser }) => {
  const page = await as(browser, 'owner');
  await page.goto('/vendors/applications?whose=nobody');
  const button = page.getByRole('button', { name: 'Add Drawing board to the register' });
  await expect(button).toBeVisible();
  await button.click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Drawing board');
  const ref = /V-\d+/.exec(page.url())?.[0] ?? '';
  await page.goto('/vendors/applications?q=drawing');
  await expect(page.locator('#rows tbody tr')).toContainText(ref);
  await page.goto(`/vendors/${ref}/remove`); // other flows find it as it was
  await page.getByLabel('Why').fill('It was added by a flow of the tests.');
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.goto('/vendors/applications?whose=nobody');
  await expect(button).toBeVisible();
});

test('end of use: told in steps, with what is missing, and taken back', async ({ browser }) => {
  const page = await as(browser, 'owner');
  const ref = await enter(page, named('Leaving storage'));
  await page.getByRole('region', { name: 'End of use' }).getByRole('link', { name: 'Record' }).click();
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  await expect(page.locator('#f-ended-err')).toContainText('Say when its use ended');
  await page.getByLabel('Ended on').fill(day(-1));
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  const end = page.getByRole('region', { name: 'End of use' });
  await expect(end).toContainText('no proof of deletion yet');
  await expect(end).toContainText('not recorded');
  await expect(page.getByRole('region', { name: 'What is due' })).toContainText('Proof of deletion');
  await end.getByRole('link', { name: 'Change' }).click();
  await page.getByLabel('Access removed on').fill(day(-1));
  await page.getByLabel('Deletion of data proved on').fill(day(0));
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  await expect(end).toContainText('deletion proved');
  await end.getByRole('button', { name: 'It is used again' }).click();
  await expect(page.locator('.page-head')).toContainText('In use');
  expect(ref).not.toBe('');
});

test('an auditor reads everything and changes nothing, without scripts', async ({ browser }) => {
  const page = await as(browser, 'auditor', { javaScriptEnabled: false });
  await page.goto('/vendors?look=subservice');
  await expect(page.locator('#rows tbody tr')).toHaveCount(4);
  await expect(page.getByRole('link', { name: 'New vendor' })).toHaveCount(0);
  await page.locator('#rows tbody tr', { hasText: 'Tailspin Mail' }).getByRole('link').first().click();
  await page.getByRole('link', { name: /^Reports/ }).click();
  await expect(page.locator('main')).toContainText('Nothing covers');
  await expect(page.locator('main form')).toHaveCount(0);
});

for (const [width, scheme] of /** @type {[number, 'light' | 'dark'][]} */ ([[1440, 'light'], [390, 'dark']])) {
  test(`vendors at ${width}, ${scheme}: nothing is wider than the page`, async ({ browser }) => {
    const page = await as(browser, 'owner', { viewport: { width, height: 900 }, colorScheme: scheme });
    for (const path of ['/vendors', '/vendors/calendar', '/vendors/applications', '/vendors/V-001', '/vendors/V-004?tab=reports', '/vendors/V-002?tab=cuecs', '/vendors/V-001?tab=assessments', '/vendors/V-001/assess']) {
      await page.goto(path);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(width);
    }
  });
}
