// @ts-check
// Controls and tests: a wording is changed by one and approved by another, a test is written in the browser, failing items
// get somebody to look after them, tests run while one watches.
import { test, expect } from '@playwright/test';
import { as } from '../world.js';

/** A number nobody else uses, for references of a flow's own. */
const number = () => String(10 + Math.floor(Math.random() * 990)).padStart(2, '0');

/**
 * Writes a control of one's own and has it approved.
 * @param {import('@playwright/test').Browser} browser
 * @param {string} ref
 */
async function control(browser, ref) {
  const page = await as(browser, 'compliance_lead');
  await page.goto('/controls/new');
  await page.getByLabel('Reference').fill(ref);
  await page.getByLabel('Title', { exact: true }).fill(`Visitors sign in (${ref})`);
  await page.getByLabel('Statement').fill('Reception enters every visitor into the register and hands out a badge for the day.');
  await page.getByLabel('What shows that it operates').fill('Visitor register\nBadge log');
  await page.getByLabel('SOC 2 criteria').fill('CC6.4');
  await page.getByLabel('Role that owns it').fill('Facilities lead');
  await page.getByRole('button', { name: 'Write the draft' }).click();
  await expect(page).toHaveURL(new RegExp(`/c/${ref}$`));
  const second = await as(browser, 'owner');
  await second.goto(`/c/${ref}`);
  await second.getByRole('link', { name: 'Approve', exact: true }).click();
  await second.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await expect(second.getByText('is in force in its new version')).toBeVisible();
  return { lead: page, owner: second };
}

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

test('a control is changed by one person and approved by another', async ({ browser }) => {
  const ref = `VIS-${number()}`;
  const { lead, owner } = await control(browser, ref);
  await lead.goto(`/c/${ref}`);
  await lead.getByRole('link', { name: 'Change', exact: true }).click();
  await lead.getByLabel('Statement').fill('Reception enters every visitor into the register, checks a document, and hands out a badge for the day.');
  await lead.getByRole('button', { name: 'Propose the change' }).click();
  await expect(lead.getByText(/at least 10|is missing/)).toBeVisible(); // a change says why
  await expect(lead.getByLabel('Statement')).toHaveValue(/checks a document/);
  await lead.getByLabel('Why it changes').fill('Asked for by the physical security review.');
  await lead.getByRole('button', { name: 'Propose the change' }).click();
  await expect(lead).toHaveURL(new RegExp(`/c/${ref}$`));
  await expect(lead.getByRole('link', { name: 'Approve', exact: true })).toHaveCount(0); // not one's own
  await lead.getByRole('link', { name: /Version 2 waits for approval/ }).click();
  await expect(lead.locator('.diff ins')).toContainText(['checks a document']);
  await owner.goto(`/c/${ref}/compare`);
  await owner.getByRole('link', { name: 'Approve', exact: true }).click();
  await expect(owner.getByRole('dialog').locator('ins')).toContainText(['checks a document']);
  await owner.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await expect(owner).toHaveURL(new RegExp(`/c/${ref}$`));
  await expect(owner.locator('.page-head .sub')).toContainText('checks a document');
  await owner.getByRole('link', { name: 'Change log' }).click();
  await expect(owner.getByText('Asked for by the physical security review.')).toBeVisible();
});

test('whoever is late sees both texts, and decides', async ({ browser }) => {
  const ref = `VIT-${number()}`;
  const { lead, owner } = await control(browser, ref);
  for (const p of [lead, owner]) await p.goto(`/c/${ref}/edit`);
  await lead.getByLabel('Title', { exact: true }).fill('Visitors sign in and out');
  await lead.getByLabel('Why it changes').fill('They have to leave again, too.');
  await lead.getByRole('button', { name: 'Propose the change' }).click();
  await expect(lead).toHaveURL(new RegExp(`/c/${ref}$`));
  await owner.getByLabel('Title', { exact: true }).fill('Guests sign in');
  await owner.getByLabel('Why it changes').fill('We call them guests now.');
  await owner.getByRole('button', { name: 'Propose the change' }).click();
  await expect(owner.getByRole('alert')).toContainText('Somebody saved a change while you were writing');
  await expect(owner.getByLabel('Title', { exact: true })).toHaveValue('Guests sign in');
  await expect(owner.locator('.theirs')).toContainText(['Visitors sign in and out']);
  await owner.getByRole('button', { name: 'Propose the change' }).click();
  await expect(owner.getByText('Version 3 of')).toBeVisible();
});

test('a draft is turned down, and a control is retired with its name typed', async ({ browser }) => {
  const ref = `VIU-${number()}`;
  const { lead, owner } = await control(browser, ref);
  await lead.goto(`/c/${ref}/edit`);
  await lead.getByLabel('Title', { exact: true }).fill('Visitors');
  await lead.getByLabel('Why it changes').fill('Shorter is better.');
  await lead.getByRole('button', { name: 'Propose the change' }).click();
  await owner.goto(`/c/${ref}`);
  await owner.getByRole('link', { name: 'Turn down' }).click();
  await owner.getByRole('dialog').getByLabel('Why is it withdrawn or turned down?').fill('The long title says what is done.');
  await owner.getByRole('dialog').getByRole('button', { name: 'Withdraw the draft' }).click();
  await expect(owner.getByText('waits for approval')).toHaveCount(0);
  await owner.getByRole('link', { name: 'Retire', exact: true }).click();
  const panel = owner.getByRole('dialog');
  await panel.getByLabel('Why is it retired?').fill('The building was given up.');
  await panel.getByRole('button', { name: `Retire ${ref}` }).click();
  await expect(panel.getByText(`Write ${ref} to confirm.`)).toBeVisible();
  await panel.getByLabel(`Write ${ref} to confirm`).fill(ref);
  await panel.getByRole('button', { name: `Retire ${ref}` }).click();
  await expect(owner.getByText('Retired').first()).toBeVisible();
});

test('a test is written, tried over real facts, approved by another, and changed', async ({ browser }) => {
  const id = `okta-account-has-name-${number()}`;
  const page = await as(browser, 'security_analyst');
  await page.goto('/tests/new?from=example');
  await page.getByLabel('Id', { exact: true }).fill(id);
  const sql = page.getByLabel('Verdicts', { exact: true });
  const good = await sql.inputValue();
  await sql.fill(good.replace("WHEN display_name <> '' THEN 'pass'", "ELSE 'pass'"));
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.getByText(/Pass is what remains when nothing else matched/)).toBeVisible();
  await page.getByLabel('Verdicts', { exact: true }).fill(good.replace("THEN 'fail'", "THEN 'pass'"));
  await page.getByRole('button', { name: 'Propose', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Unit rows' }).getByText('differs').first()).toBeVisible();
  await page.getByLabel('Verdicts', { exact: true }).fill(good);
  await page.getByRole('button', { name: 'Dry run' }).click();
  const trial = page.getByRole('region', { name: 'Dry run over real facts' });
  await expect(trial).toContainText('Every member of the population has exactly one verdict.');
  await expect(trial.getByRole('link', { name: /EV-/ })).toBeVisible();
  await page.getByRole('button', { name: 'Propose', exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/tests/drafts/${id}$`));
  await expect(page.getByRole('link', { name: 'Approve', exact: true })).toHaveCount(0);

  const second = await as(browser, 'compliance_lead');
  await second.goto(`/tests/drafts/${id}`);
  await second.getByRole('link', { name: 'Approve', exact: true }).click();
  await second.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await expect(second).toHaveURL(new RegExp(`/t/${id}$`));

  await page.goto(`/t/${id}/edit`);
  await page.getByLabel('Title', { exact: true }).fill('Every account says whose it is');
  await page.getByLabel('Why it changes').fill('The title said less than the question.');
  await page.getByRole('button', { name: 'Propose', exact: true }).click();
  await expect(page.locator('.dl .added')).not.toHaveCount(0);
  await page.getByRole('link', { name: 'Side by side' }).click();
  await expect(page.locator('.dl.sides')).toBeVisible();
});

test('failing items get somebody, and an exception with a reason and an end', async ({ browser }) => {
  const page = await as(browser, 'compliance_lead');
  await page.goto('/items?excepted=no&sort=-since');
  const boxes = page.locator('#rows tbody input[name=tick]');
  await boxes.nth(0).check();
  await boxes.nth(1).check();
  await expect(page.getByRole('toolbar')).toContainText('2 ticked');
  await page.getByRole('toolbar').getByRole('button', { name: 'Assign' }).click();
  await page.getByLabel('Assign to').selectOption({ index: 2 });
  await page.getByRole('button', { name: 'Assign', exact: true }).click();
  await expect(page.getByText('2 items have somebody to look after.')).toBeVisible();
  await expect(page.locator('#rows tbody tr').first().locator('a[href^="/tasks/"]')).toBeVisible();

  await page.locator('#rows tbody tr').nth(2).locator('input[name=tick]').check();
  await page.getByRole('toolbar').getByRole('button', { name: 'Except' }).click();
  await page.getByLabel('Why is this failure accepted for now?').fill('too short');
  await page.getByRole('button', { name: 'Request', exact: true }).click();
  await expect(page.getByText(/at least 20 characters/).last()).toBeVisible();
  await page.getByLabel('Why is this failure accepted for now?').fill('The supplier mends it with the release of next month.');
  await page.getByRole('button', { name: 'Request', exact: true }).click();
  await expect(page).toHaveURL(/\/exceptions\/EX-/);
  const at = page.url();
  const second = await as(browser, 'owner');
  await second.goto(at);
  await second.getByRole('link', { name: 'Approve' }).click();
  await second.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await expect(second.getByText('Active').first()).toBeVisible();
});

test('the tests of a control are run while one watches', async ({ browser }) => {
  const page = await as(browser, 'control_owner');
  await page.goto('/c/IAM-02');
  await page.getByRole('button', { name: 'Run tests now' }).click();
  await expect(page).toHaveURL(/\/c\/IAM-02$/);
  await expect(page.getByText('The tests are run.')).toBeVisible();
  await page.goto('/jobs');
  await expect(page.locator('main')).toContainText(/tests/i);
  await expect(async () => {
    await page.goto('/t/okta-second-factor?tab=runs').catch(() => {});
    await page.goto('/c/IAM-02');
    await expect(page.locator('.live-job')).toHaveCount(0, { timeout: 500 });
  }).toPass({ timeout: 90_000 });
});

test('without scripts a control is written and a test is tried', async ({ browser }) => {
  const page = await as(browser, 'compliance_lead', { javaScriptEnabled: false });
  await page.goto('/controls/new');
  await page.getByLabel('Reference').fill('nothing');
  await page.getByLabel('SOC 2 criteria').fill('CC99.9');
  await page.getByRole('button', { name: 'Write the draft' }).click();
  await expect(page.getByText('is no identifier of this framework')).toBeVisible();
  await expect(page.getByLabel('Reference')).toHaveValue('nothing');
  await page.goto('/tests/new?from=example');
  await page.getByRole('button', { name: 'Dry run' }).click();
  await expect(page.getByRole('heading', { name: 'Dry run over real facts' })).toBeVisible();
});
