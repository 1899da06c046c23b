// @ts-check
// Policies: written with a preview beside, changed by two at once, approved by a second person, read, compared, taken as a
// folder and brought back.
import { test, expect } from '@playwright/test';
import { as, world } from '../world.js';

const body = `## Purpose\n\n${'Guests are met at the door and stay with somebody of ours. '.repeat(6)}`;

/**
 * Writes a policy of one's own; its path.
 * @param {import('@playwright/test').Page} page
 * @param {string} title
 */
async function write(page, title) {
  await page.goto('/policies/new');
  await page.getByLabel('Title', { exact: true }).fill(title);
  await page.getByLabel('Text of the policy').fill(body);
  await page.getByLabel('Controls', { exact: true }).fill('PHY-01');
  await page.getByRole('button', { name: 'Save the draft' }).click();
  await expect(page).toHaveURL(/\/policies\/POL-\d+$/);
  return new URL(page.url()).pathname;
}

const unique = () => `Guests ${Date.now()}${Math.floor(Math.random() * 1000)}`;

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

test('a policy is written with a preview, sent, approved by a second person, and read by everybody', async ({ browser }) => {
  const lead = await as(browser, 'compliance_lead');
  await lead.goto('/policies/new');
  await lead.getByLabel('Text of the policy').fill('## Hello *there*\n\n- <script>alert(1)</script>\n- [click](javascript:alert(1))\n');
  await expect(lead.locator('#preview h2')).toHaveText(['Hello there']);
  await expect(lead.locator('#preview li')).toHaveCount(2);
  await expect(lead.locator('#preview a, #preview script')).toHaveCount(0);
  const title = unique();
  const path = await write(lead, title);
  await lead.getByRole('link', { name: 'Send for review' }).click();
  await lead.getByRole('dialog').getByRole('button', { name: 'Send for review' }).click();
  await expect(lead.getByText('somebody else approves it')).toBeVisible();
  await expect(lead.getByRole('link', { name: 'Approve', exact: true })).toHaveCount(0);

  const employee = await as(browser, 'employee');
  await employee.goto(path);
  await expect(employee.getByText(/no policy|not found/i).first()).toBeVisible();

  const owner = await as(browser, 'owner');
  await owner.goto('/policies?state=waiting');
  await owner.getByRole('link', { name: path.split('/').pop() ?? '' }).click();
  await owner.getByRole('link', { name: 'Approve', exact: true }).click();
  await owner.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await expect(owner.getByText('version 1 is in force')).toBeVisible();
  await expect(owner.getByRole('link', { name: 'Ask people to acknowledge' })).toHaveAttribute('href', new RegExp(`subject=${path.split('/').pop()}&version=1`));

  await employee.goto(path);
  await employee.getByRole('link', { name: 'Read', exact: true }).click();
  await expect(employee.getByRole('heading', { level: 1, name: title })).toBeVisible();
  await expect(employee.locator('.document')).toContainText(world().user('owner').name);
  const pdf = await employee.request.get(`${path}/policy.pdf`);
  expect(pdf.headers()['content-type']).toBe('application/pdf');
  expect((await pdf.body()).equals(await (await employee.request.get(`${path}/policy.pdf`)).body())).toBe(true);
});

test('two people write the same draft: the second sees both texts and decides', async ({ browser }) => {
  const lead = await as(browser, 'compliance_lead');
  const path = await write(lead, unique());
  const owner = await as(browser, 'owner');
  await Promise.all([lead.goto(`${path}/edit`), owner.goto(`${path}/edit`)]);
  await lead.getByLabel('Summary').fill('How guests come and go.');
  await lead.getByRole('button', { name: 'Save the draft' }).click();
  await expect(lead.getByText('The draft is saved.')).toBeVisible();
  await owner.getByLabel('Summary').fill('What guests may do.');
  await owner.getByRole('button', { name: 'Save the draft' }).click();
  await expect(owner.getByText('Somebody saved a change while you were writing.')).toBeVisible();
  await expect(owner.getByText('How guests come and go.')).toBeVisible();
  await expect(owner.getByLabel('Summary')).toHaveValue('What guests may do.');
  await owner.getByRole('button', { name: 'Save the draft' }).click();
  await expect(owner.getByText('The draft is saved.')).toBeVisible();
});

test('a new version is compared word by word, given back, and withdrawn', async ({ browser }) => {
  const lead = await as(browser, 'compliance_lead');
  const path = await write(lead, unique());
  const owner = await as(browser, 'owner');
  await lead.goto(`${path}/send`);
  await lead.getByRole('button', { name: 'Send for review' }).click();
  await owner.goto(`${path}/approve`);
  await owner.getByRole('button', { name: 'Approve' }).click();
  await lead.goto(`${path}/edit`);
  await lead.getByLabel('Text of the policy').fill(body.replace('door', 'gate'));
  await lead.getByRole('button', { name: 'Save and send for review' }).click();
  await expect(lead.locator('#f-note-err')).toContainText('at least 10 characters');
  await lead.getByLabel('What changes, and why').fill('The entrance was rebuilt in the spring.');
  await lead.getByRole('button', { name: 'Save and send for review' }).click();
  await expect(lead.getByText('Version 2 waits for a second person since')).toBeVisible();
  await owner.goto(path);
  await owner.getByRole('link', { name: 'See what it changes' }).click();
  await expect(owner.locator('.text-diff ins')).toHaveText('gate');
  await expect(owner.locator('.text-diff del')).toHaveText('door');
  await owner.getByRole('link', { name: 'Give back' }).click();
  await owner.getByRole('dialog').getByLabel('What has to change?').fill('Say where the gate is.');
  await owner.getByRole('dialog').getByRole('button', { name: 'Give it back' }).click();
  await expect(owner.getByText('Say where the gate is.').first()).toBeVisible();
  await lead.goto(`${path}/drop`);
  await lead.getByLabel('Why is it withdrawn?').fill('The gate stays shut for now.');
  await lead.getByRole('button', { name: 'Withdraw the draft' }).click();
  await lead.goto(`${path}?tab=versions`);
  await expect(lead.getByRole('row', { name: /Withdrawn/ })).toHaveCount(1);
});

test('the policies go out as a folder and come back without a difference', async ({ browser }) => {
  const lead = await as(browser, 'compliance_lead');
  const zip = await (await lead.request.get('/policies/export.zip')).body();
  await lead.goto('/policies/import');
  await lead.getByLabel('Zip of Markdown files').setInputFiles({ name: 'policies.zip', mimeType: 'application/zip', buffer: zip });
  await lead.getByRole('button', { name: 'Show what would change' }).click();
  await expect(lead.getByRole('heading', { name: 'What would change' })).toBeVisible();
  await expect(lead.getByRole('cell', { name: 'Wrong' })).toHaveCount(0);
  const slug = `guests-${Date.now()}`;
  await lead.getByLabel('Zip of Markdown files').setInputFiles({ name: `${slug}.md`, mimeType: 'text/markdown', buffer: Buffer.from(`---\nslug: ${slug}\ntitle: Guests ${slug}\nwhat: no\n---\n\n${body}\n`) });
  await lead.getByRole('button', { name: 'Show what would change' }).click();
  await expect(lead.getByText('line 4: unknown field "what"')).toBeVisible();
  await lead.getByLabel('Zip of Markdown files').setInputFiles({ name: `${slug}.md`, mimeType: 'text/markdown', buffer: Buffer.from(`---\nslug: ${slug}\ntitle: Guests ${slug}\n---\n\n${body}\n`) });
  await lead.getByRole('button', { name: 'Show what would change' }).click();
  await lead.getByRole('button', { name: 'Import 1 policy' }).click();
  await expect(lead.getByText('1 policy imported.')).toBeVisible();
  await lead.goto(`/policies?q=${slug}`);
  await expect(lead.getByText(`Guests ${slug}`)).toBeVisible();
});

test('without scripts a policy is written and previewed', async ({ browser }) => {
  const lead = await as(browser, 'compliance_lead', { javaScriptEnabled: false });
  await lead.goto('/policies/new');
  await lead.getByLabel('Title', { exact: true }).fill(unique());
  await lead.getByLabel('Text of the policy').fill('## Seen without scripts');
  await lead.getByRole('button', { name: 'Preview' }).click();
  await expect(lead.locator('#preview h2')).toHaveText('Seen without scripts');
  await lead.getByRole('button', { name: 'Save the draft' }).click();
  await expect(lead).toHaveURL(/\/policies\/POL-\d+$/);
});
