// @ts-check
// Item 9: the settings. Every flow makes what it changes, so that none depends on another.
import { test, expect } from '@playwright/test';
import { createServer } from 'node:http';
import { as, signIn, world } from '../world.js';

/** A name nobody else uses. @param {string} what */
const own = (what) => `${what}-${Math.random().toString(36).slice(2, 8)}`;

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

test('somebody is invited, sets a password, changes role, and is blocked', async ({ browser }) => {
  const owner = await as(browser, 'owner');
  const who = own('robin');
  const email = `${who}@northwind.example`;
  await owner.goto('/settings/people');
  await owner.getByRole('link', { name: 'Invite somebody' }).click();
  await owner.getByRole('button', { name: 'Invite', exact: true }).click();
  await expect(owner.getByText('Write the person’s email address.')).toBeVisible();
  await owner.getByLabel('Name', { exact: true }).fill(`Robin ${who}`);
  await owner.getByLabel('Email', { exact: true }).fill(email);
  await owner.locator('dialog').getByLabel('Role', { exact: true }).selectOption('employee');
  await owner.getByRole('button', { name: 'Invite', exact: true }).click();
  await expect(owner.getByRole('heading', { name: `Robin ${who} is invited` })).toBeVisible();
  const link = (await owner.locator('dialog code').filter({ hasText: '/welcome' }).first().textContent()) ?? '';
  await owner.getByRole('link', { name: 'Done' }).click();
  await expect(owner.locator('.page-head .st')).toContainText('Invited');

  const robin = await as(browser, null);
  await robin.goto(link.trim());
  await expect(robin.getByText(email)).toBeVisible();
  await robin.getByLabel('New password').fill('too short');
  await robin.getByLabel('The same again').fill('too short');
  await robin.getByRole('button', { name: 'Set the password' }).click();
  await expect(robin.getByText('it needs at least 12')).toBeVisible();
  await robin.getByLabel('New password').fill('a sentence to keep');
  await robin.getByLabel('The same again').fill('a sentence to keep');
  await robin.getByRole('button', { name: 'Set the password' }).click();
  await expect(robin.getByRole('heading', { name: 'Your password is set' })).toBeVisible();
  await robin.goto(link.trim());
  await expect(robin.getByText('This link does not work, or not any more')).toBeVisible();
  await signIn(robin, { email, name: '', role: 'employee', password: 'a sentence to keep' }, '/controls');
  await expect(robin.getByRole('heading', { name: 'Controls', level: 1 })).toBeVisible();
  expect((await robin.goto('/settings/people'))?.status()).toBe(403);

  await owner.reload();
  await expect(owner.locator('.page-head .st')).toContainText('Active');
  await owner.getByRole('link', { name: 'Change role' }).click();
  await owner.locator('dialog').getByLabel('Role', { exact: true }).selectOption('compliance_lead');
  await owner.getByRole('button', { name: 'Change the role' }).click();
  await expect(owner.locator('.toast')).toContainText('is a compliance lead now');
  expect((await robin.goto('/connect'))?.status()).toBe(200);
  await owner.locator('.toast').getByRole('button', { name: 'Undo' }).click();
  await expect(owner.locator('.meta')).toContainText('Employee');
  expect((await robin.goto('/connect'))?.status()).toBe(403);

  await owner.getByRole('link', { name: 'Block', exact: true }).click();
  await owner.getByRole('button', { name: 'Block the account' }).click();
  await expect(owner.locator('.page-head .st')).toContainText('Blocked');
  await robin.goto('/controls');
  await expect(robin).toHaveURL(/sign-in/);
  await expect(owner.locator('main')).toContainText('disabled the account of');
});

test('a token is made, shown once, and revoked', async ({ browser }) => {
  const page = await as(browser, 'owner');
  const name = own('nightly');
  await page.goto('/settings/tokens');
  await page.getByRole('link', { name: 'New token' }).click();
  await page.getByLabel('What it is for').fill(name);
  await page.getByRole('button', { name: 'Make the token' }).click();
  await expect(page.getByText('Tick what the program needs to do')).toBeVisible();
  await expect(page.getByLabel('What it is for')).toHaveValue(name);
  await page.getByLabel('Collect', { exact: true }).check();
  await page.getByRole('button', { name: 'Make the token' }).click();
  await expect(page.locator('dialog code').filter({ hasText: 'tm_' }).first()).toBeVisible();
  await page.getByRole('link', { name: 'Done' }).click();
  const row = page.locator('#rows tbody tr').filter({ hasText: name });
  await expect(row).toContainText('In use');
  await expect(row).toContainText('collect');
  await expect(page.locator('main')).not.toContainText('tm_');
  await row.getByRole('link', { name: 'Revoke' }).click();
  await page.getByRole('button', { name: 'Revoke the token' }).click();
  await expect(page.locator('#rows tbody tr').filter({ hasText: name })).toContainText('Revoked');
});

test('a system is tested, connected, collected and removed', async ({ browser }) => {
  const page = await as(browser, null);
  await signIn(page, world().user('compliance_lead'), '/connect');
  const name = own('gh');
  const { settings, secrets } = world().systems.github ?? { settings: {}, secrets: {} };
  await page.goto('/connect');
  await page.getByRole('link', { name: 'GitHub' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Organisation', { exact: true }).fill(settings.org ?? '');
  await page.getByLabel('Address', { exact: true }).fill('http://169.254.169.254');
  await page.getByLabel('Access token').fill('wrong');
  await page.getByRole('button', { name: 'Test' }).click();
  await expect(page.getByText('It does not work yet.')).toBeVisible();
  await expect(page.locator('.trial')).toContainText('not on the public internet');
  await page.getByLabel('Address', { exact: true }).fill(settings.base_url ?? '');
  await page.getByRole('button', { name: 'Test' }).click();
  await expect(page.getByText('It does not work yet.')).toBeVisible();
  await page.getByLabel('Access token').fill(secrets.token ?? '');
  await page.getByRole('button', { name: 'Test' }).click();
  await expect(page.getByText('It works.')).toBeVisible();
  await expect(page.locator('.trial tr').filter({ hasText: 'Repositories' }).last()).toContainText('Readable');
  await expect(page.getByLabel('Access token')).toHaveValue('');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/connections/${name}$`));
  await expect(page.locator('main')).not.toContainText(secrets.token ?? 'x');
  const now = page.getByRole('button', { name: 'Collect now' });
  if (await now.isVisible()) await now.click(); // the scheduler may have been first
  await expect.poll(async () => { await page.reload(); return page.locator('#rows tbody').textContent(); }, { timeout: 90_000 }).toContain('Complete');

  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await page.getByLabel('Address', { exact: true }).fill('https://elsewhere.example');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Give the secret again')).toBeVisible();
  await page.goto(`/connections/${name}`);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.locator('.toast')).toContainText('is paused');
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByRole('button', { name: 'Collect now' })).toBeVisible();
  await page.getByRole('link', { name: 'Remove' }).click();
  await page.getByLabel(`Write ${name} to go on`).fill('something else');
  await page.getByRole('button', { name: 'Remove the connection' }).click();
  await expect(page.getByText('Write the name exactly')).toBeVisible();
  await page.getByLabel(`Write ${name} to go on`).fill(name);
  await page.getByRole('button', { name: 'Remove the connection' }).click();
  await expect(page).toHaveURL(/\/connections$/);
  await page.goto(`/connections/${name}`);
  await expect(page.locator('main')).toContainText('Removed');
});

test('a webhook route is set up, refused an inner address, and the attempt is on record', async ({ browser }) => {
  const page = await as(browser, 'owner');
  const name = own('hook');
  let asked = 0;
  const server = createServer((_, answer) => { asked++; answer.end('ok'); });
  await new Promise((done) => { server.listen(0, '127.0.0.1', () => done(null)); });
  const at = /** @type {import('node:net').AddressInfo} */ (server.address());
  try {
    await page.goto('/settings/notifications');
    await page.getByRole('link', { name: 'Webhook' }).click();
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Address', { exact: true }).fill('nowhere');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('that is no address', { exact: false })).toBeVisible();
    await page.getByLabel('Address', { exact: true }).fill(`http://127.0.0.1:${at.port}/in`);
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.locator('.toast')).toContainText('is set up');
    await page.getByRole('button', { name: `Send a test by ${name}` }).click();
    await expect(page.locator('.toast')).toContainText('did not arrive');
    expect(asked).toBe(0); // the guard refuses addresses that are not public, unless the installation allows them
    await expect(page.locator('#rows tbody tr').filter({ hasText: name }).first()).toContainText('Given up');
    await page.getByRole('link', { name: `Remove ${name}` }).click();
    await page.getByRole('button', { name: 'Remove the route' }).click();
    await expect(page.locator('.toast')).toContainText('is removed');
  } finally {
    server.close();
  }
});

test('the trail says who did what from where, and exports what it shows', async ({ browser }) => {
  const page = await as(browser, 'owner');
  const name = own('trail');
  await page.goto('/settings/tokens');
  await page.getByRole('link', { name: 'New token' }).click();
  await page.getByLabel('What it is for').fill(name);
  await page.getByLabel('Collect', { exact: true }).check();
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.getByRole('link', { name: 'Done' }).click();
  await page.goto(`/trail?q=${name}`);
  const rows = page.locator('#rows tbody tr');
  await expect(rows).toHaveCount(1);
  await expect(rows.first()).toContainText('made the token');
  await expect(rows.first()).toContainText('127.0.0.1');
  const [lines] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'JSON lines' }).click()]);
  const text = await (await lines.createReadStream()).toArray().then((x) => Buffer.concat(x).toString());
  const all = text.trim().split('\n').map((x) => JSON.parse(x));
  expect(all).toHaveLength(1);
  expect(all[0]).toMatchObject({ kind: 'token.created', from: '127.0.0.1', payload: { name } });
  const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()]);
  const sheet = await (await csv.createReadStream()).toArray().then((x) => Buffer.concat(x).toString());
  expect(sheet.trim().split('\r\n')).toHaveLength(2);
  expect(sheet).toContain('token.created');
  await rows.first().getByRole('link').last().click();
  await expect(page).toHaveURL(/\/ledger\/\d+$/);
});

test('the organisation is changed on an old version: both texts are shown', async ({ browser }) => {
  const one = await as(browser, 'owner');
  const two = await as(browser, 'owner');
  await one.goto('/settings/organisation');
  await two.goto('/settings/organisation');
  const first = `https://${own('a')}.example`;
  const second = `https://${own('b')}.example`;
  await one.getByLabel('Web site').fill(first);
  await one.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(one.locator('.toast')).toContainText('Saved');
  await two.getByLabel('Web site').fill(second);
  await two.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(two.getByText('Somebody saved a change while you were writing.')).toBeVisible();
  await expect(two.getByLabel('Web site')).toHaveValue(second);
  await expect(two.locator('.theirs').filter({ hasText: first })).toBeVisible();
  await two.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(two.locator('.toast')).toContainText('Saved');
  await two.goto('/trail?kind=org.changed');
  await expect(two.locator('#rows tbody tr').first()).toContainText(`site: ${first} → ${second}`);
});
