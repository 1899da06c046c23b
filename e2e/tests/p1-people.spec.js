// @ts-check
// People: the directory, leavers, the organisation chart, devices and roles.
import { test, expect } from '@playwright/test';
import { as } from '../world.js';

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

/** A name nobody else has. */
const fresh = () => `Test ${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;

test('the directory filters, and a person shows accounts, joining and history', async ({ browser }) => {
  const page = await as(browser, 'auditor');
  await page.goto('/people');
  await page.getByRole('link', { name: 'People', exact: true }).first().click();
  await page.locator('.seg label').filter({ hasText: 'Left' }).click();
  await expect(page).toHaveURL(/state=left/);
  await expect(page.locator('#rows tbody tr').first()).toContainText('Left');
  await page.locator('#rows tbody a.ref').first().click();
  await expect(page.getByRole('heading', { name: 'Accounts' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Joining' })).toBeVisible();
  await expect(page.locator('.past li').first()).toBeVisible();
  await expect(page.getByRole('link', { name: 'Give a device' })).toHaveCount(0);
});

test('leavers: hours to removal for each account', async ({ browser }) => {
  const page = await as(browser, 'compliance_lead');
  await page.goto('/people');
  await page.getByRole('navigation', { name: 'People' }).getByRole('link', { name: 'Leavers' }).click();
  await expect(page.locator('#rows .removal .st').first()).toBeVisible();
  await page.locator('.seg label').filter({ hasText: 'Removed late' }).click();
  await expect(page).toHaveURL(/access=late/);
  await expect(page.locator('#rows tbody .removal .st[data-st="fail"]').first()).toBeVisible();
});

test('the organisation chart folds without scripts', async ({ browser }) => {
  const page = await as(browser, 'auditor', { javaScriptEnabled: false });
  await page.goto('/people/chart');
  const first = page.locator('.orgchart > li > details').first();
  await expect(first).toHaveAttribute('open', '');
  const below = first.locator('> ul > li');
  const n = await below.count();
  expect(n).toBeGreaterThan(3);
  await first.locator('> summary').click();
  await expect(below.first()).toBeHidden();
  await page.getByRole('link', { name: /^Engineering/ }).click();
  await expect(page).toHaveURL(/department=Engineering/);
});

test('somebody entered by hand gets a device, gives it back, and the undo takes it back', async ({ browser }) => {
  const page = await as(browser, 'owner');
  const name = fresh();
  const mail = `${name.replace(' ', '.').toLowerCase()}@northwind.example`;
  await page.goto('/people');
  await page.getByRole('link', { name: 'Add a person' }).click();
  const panel = page.getByRole('dialog');
  await panel.getByLabel('Name', { exact: true }).fill(name);
  await panel.getByLabel('Work address').fill('no address');
  await panel.getByRole('button', { name: 'Add' }).click();
  await expect(panel.getByLabel('Work address')).toHaveAttribute('aria-invalid', 'true');
  await expect(panel.getByLabel('Name', { exact: true })).toHaveValue(name);
  await panel.getByLabel('Work address').fill(mail);
  await panel.getByRole('button', { name: 'Add' }).click();
  await page.waitForURL(/\/people\/P-\d+/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);

  await page.getByRole('link', { name: 'Give a device' }).click();
  const serial = `SN-${Date.now()}`;
  await panel.getByLabel('Serial or inventory number').fill(serial);
  await panel.getByLabel('Maker and model').fill('<b>Fieldbook</b>');
  await panel.getByRole('button', { name: 'Record' }).click();
  const row = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Devices' }) }).locator('tbody tr').filter({ hasText: serial });
  await expect(row).toContainText('<b>Fieldbook</b>');
  await expect(row).toContainText('Out');

  await row.getByRole('link', { name: `Returned: ${serial}` }).click();
  await panel.getByRole('button', { name: 'It came back' }).click();
  await expect(row.locator('.st')).toHaveText('Returned');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(row.locator('.st')).toHaveText('Out');
});

test('somebody who left comes back: the same page, another stint', async ({ browser }) => {
  const page = await as(browser, 'owner');
  const name = fresh();
  const day = (/** @type {number} */ back) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
  await page.goto('/people/new');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Work address').fill(`${name.replace(' ', '.').toLowerCase()}@northwind.example`);
  await page.getByLabel('First day').fill(day(900));
  await page.getByLabel('Last day').fill(day(400));
  await page.getByRole('button', { name: 'Add' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
  await expect(page.locator('.page-head .st')).toContainText('Left');
  const at = page.url();
  await page.getByRole('link', { name: 'Edit' }).click();
  const panel = page.getByRole('dialog');
  await panel.getByLabel('First day').fill(day(20));
  await panel.getByLabel('Last day').fill('');
  await panel.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('.page-head .st')).toHaveText('Active');
  expect(page.url()).toBe(at);
  const stints = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Stints' }) }).locator('li');
  await expect(stints).toHaveCount(2);
  await expect(stints.last()).toContainText('now');
  await expect(page.locator('.past')).toContainText('Came back for another stint');
});

test('what a leaver did not give back is found, and written off with a reason', async ({ browser }) => {
  const page = await as(browser, 'owner');
  await page.goto('/devices');
  await page.locator('.seg label').filter({ hasText: 'With a leaver' }).click();
  await expect(page).toHaveURL(/state=leaver/);
  await page.goto('/devices?state=out');
  await page.locator('#rows tbody a.ref').first().click();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.getByRole('link', { name: 'Write off' }).click();
  const panel = page.getByRole('dialog');
  await panel.getByLabel('Why').fill('lost');
  await panel.getByRole('button', { name: 'Write off' }).click();
  await expect(panel.getByLabel('Why')).toHaveAttribute('aria-invalid', 'true');
  await page.keyboard.press('Escape');
});

test('a role is described, reviewed, and two who edit it at once see both texts', async ({ browser }) => {
  const page = await as(browser, 'owner');
  const other = await as(browser, 'compliance_lead');
  const title = fresh();
  await page.goto('/roles/new');
  await page.getByLabel('Title', { exact: true }).fill(title);
  await page.getByLabel('Duties').fill('Does what the test of the roles asks for.');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
  await page.getByRole('button', { name: 'It still holds' }).click();
  await expect(page.locator('.page-head .st')).toHaveText('Reviewed');
  const at = new URL(page.url()).pathname;
  await page.goto(`${at}/edit`);
  await other.goto(`${at}/edit`);
  await other.getByLabel('Duties').fill('The other one wrote this text first.');
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(other.getByRole('heading', { level: 1 })).toHaveText(title);
  await page.getByLabel('Duties').fill('And this one was written a little later.');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('The other one wrote this text first.')).toBeVisible();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('.written').first()).toHaveText('And this one was written a little later.');
});

test('an employee has no directory', async ({ browser }) => {
  const page = await as(browser, 'employee');
  await page.goto('/people');
  await expect(page.getByRole('navigation').getByRole('link', { name: 'People', exact: true })).toHaveCount(0);
  expect((await page.goto('/people'))?.status()).toBe(403);
});

for (const [width, scheme] of /** @type {[number, 'light' | 'dark'][]} */ ([[1440, 'light'], [390, 'dark']])) {
  test(`people at ${width}, ${scheme}: nothing is wider than the page`, async ({ browser }) => {
    const page = await as(browser, 'owner', { viewport: { width, height: 900 }, colorScheme: scheme });
    for (const path of ['/people', '/people/P-0001', '/people/leavers', '/people/chart?open=all', '/people/doubts', '/devices', '/devices/DV-0001', '/roles', '/roles/RO-001', '/people/new']) {
      await page.goto(path);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(width);
    }
  });
}
