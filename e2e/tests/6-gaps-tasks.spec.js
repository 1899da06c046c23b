// @ts-check
// Gaps and what is done about them: tasks with their history, and the guided programmes.
import { test, expect } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { as, world } from '../world.js';

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

/** A day, some days from now. @param {number} days */
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/**
 * Opens a task of one's own and returns its reference.
 * @param {import('@playwright/test').Page} page
 * @param {string} title
 * @param {string} [owner]
 */
async function open(page, title, owner) {
  await page.goto('/tasks/new');
  await page.getByLabel('What is to be done').fill(title);
  if (owner) await page.getByLabel('Owner').selectOption({ label: owner });
  await page.getByRole('button', { name: 'Open the task' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
  return /T-\d+/.exec(page.url())?.[0] ?? '';
}

test('gaps: worst first, each with reasons that lead to what is wrong, filtered and exported', async ({ browser }) => {
  const page = await as(browser, 'compliance_lead');
  await page.goto('/gaps');
  const states = await page.locator('#rows tbody tr > td:nth-child(3)').allInnerTexts();
  const order = ['Not met', 'At risk', 'Not evaluated', 'Met with deviations', 'Met'];
  const places = states.map((s) => order.indexOf(s.trim()));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places).not.toContain(-1);
  await page.getByRole('searchbox').fill('second factor');
  await expect(page).toHaveURL(/q=second/);
  await page.getByRole('searchbox').fill('');
  await page.getByLabel('Not evaluated').check();
  await expect(page).toHaveURL(/status=not_evaluated/);
  const rows = page.locator('#rows tbody tr');
  await expect(rows.filter({ hasText: 'Not met' })).toHaveCount(0);
  const n = await rows.count();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()]);
  const text = readFileSync(await download.path(), 'utf8');
  expect(text.split('\r\n').filter((l) => /^[A-Z]+\d/.test(l)).length).toBe(n);
  await page.goto('/gaps?status=not_met');
  await page.locator('#rows .gap-why a').first().click();
  await expect(page).toHaveURL(/\/(t|c)\//);
});

test('a gap becomes a task, once, and the gap shows it', async ({ browser }) => {
  const page = await as(browser, 'compliance_lead');
  await page.goto('/gaps?task=no&q=RSK-0');
  const id = (await page.locator('#rows td.crit b').first().innerText()).trim();
  await page.goto(`/gaps/${id}`);
  await page.getByRole('link', { name: 'Make a task', exact: true }).click();
  const panel = page.getByRole('dialog');
  await expect(panel.getByLabel('What is to be done')).toHaveValue(new RegExp(`^Close the gap at ${id}`));
  await expect(panel.getByRole('textbox', { name: 'Details' })).toHaveValue(/RSK-0/);
  await expect(panel.getByLabel('Due')).not.toHaveValue('');
  await panel.getByRole('button', { name: 'Make the task' }).click();
  await expect(page).toHaveURL(/\/tasks\/T-\d+$/);
  const ref = /T-\d+/.exec(page.url())?.[0] ?? '';
  await expect(page.locator('.toast')).toContainText(`${ref} is open.`);
  await expect(page.getByRole('region', { name: 'Where it comes from' })).toContainText(id);
  await page.goto(`/gaps?q=${id}`);
  await expect(page.locator('#rows')).toContainText(ref);
  await page.goto(`/gaps/${id}`);
  await expect(page.getByRole('link', { name: `Open ${ref}` })).toBeVisible();
});

test('many gaps become tasks together; a list of them is assigned and finished, and taken back', async ({ browser }) => {
  const page = await as(browser, 'owner');
  await page.goto('/gaps?q=VEN-0');
  await page.getByLabel('Tick CC9.2').check();
  await page.getByRole('button', { name: 'Make a task for each' }).click();
  await expect(page.locator('.toast')).toContainText(/task.* opened|had one already/);
  const mark = `Together ${Date.now()}`;
  for (const n of [1, 2]) await open(page, `${mark} ${n}`);
  await page.goto(`/tasks?q=${encodeURIComponent(mark)}`);
  const boxes = page.locator('#rows tbody input[type=checkbox]');
  await expect(boxes).toHaveCount(2);
  for (const n of [0, 1]) await boxes.nth(n).check();
  await page.getByRole('button', { name: 'Assign' }).click();
  await page.getByLabel('Owner').last().selectOption({ label: `${world().user('employee').name}, employee` });
  await page.getByRole('button', { name: 'Assign', exact: true }).last().click();
  await expect(page.locator('.toast')).toContainText('2 tasks assigned.');
  await expect(page.locator('#rows tbody tr', { hasText: world().user('employee').name })).toHaveCount(2);
  for (const n of [0, 1]) await page.locator('#rows tbody input[type=checkbox]').nth(n).check();
  await page.getByRole('button', { name: 'Done', exact: true }).click();
  await expect(page.locator('.toast')).toContainText('2 tasks are done.');
  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
  await expect(page.locator('.toast')).toContainText('2 tasks are open.');
  await page.goto(`/tasks?status=todo&q=${encodeURIComponent(mark)}`);
  await expect(page.locator('#rows tbody tr')).toHaveCount(2);
});

test('a task goes its way, and its history keeps who changed what', async ({ browser }) => {
  const lead = await as(browser, 'compliance_lead');
  const title = `Write down the way back ${Date.now()}`;
  const ref = await open(lead, title, `${world().user('employee').name}, employee`);
  const employee = await as(browser, 'employee');
  await employee.goto(`/tasks/${ref}`);
  await expect(employee.getByRole('link', { name: 'Edit' })).toHaveCount(0);
  await employee.getByRole('button', { name: 'Start' }).click();
  await expect(employee.locator('.page-head .st')).toHaveText('In progress');
  await employee.getByLabel('Comment').fill('Half of it is there. <b>שלום</b> 🧯');
  await employee.getByRole('button', { name: 'Add the comment' }).click();
  await expect(employee.locator('.log')).toContainText('<b>שלום</b> 🧯');
  await employee.getByRole('button', { name: 'Done', exact: true }).click();
  await expect(employee.locator('.page-head .st')).toHaveText('Done');
  await employee.locator('.toast').getByRole('button', { name: 'Undo' }).click();
  await expect(employee.locator('.page-head .st')).toHaveText('In progress');
  await employee.getByRole('link', { name: 'Drop' }).click();
  await employee.getByRole('dialog').getByLabel('Why').fill('no');
  await employee.getByRole('dialog').getByRole('button', { name: 'Drop the task' }).click();
  await expect(employee.getByRole('dialog')).toContainText('at least 10 characters');
  await employee.getByRole('dialog').getByLabel('Why').fill('The plan is in the new handbook.');
  await employee.getByRole('dialog').getByRole('button', { name: 'Drop the task' }).click();
  await expect(employee.locator('.page-head .st')).toHaveText('Dropped');
  await lead.goto(`/tasks/${ref}`);
  const log = lead.locator('.log');
  for (const part of ['opened it', 'from open to in progress', 'from in progress to done', 'The plan is in the new handbook.']) await expect(log).toContainText(part);
  await lead.getByRole('button', { name: 'Reopen' }).click();
  await expect(lead.locator('.page-head .st')).toHaveText('Open');
  // The audit trail has it, too.
  await lead.goto('/trail?q=' + ref);
  await expect(lead.locator('#rows')).toContainText(`dropped the task`);
});

test('two people edit one task: the second sees both texts', async ({ browser }) => {
  const one = await as(browser, 'compliance_lead');
  const ref = await open(one, `Rotate the deploy key ${Date.now()}`);
  const two = await as(browser, 'owner');
  await two.goto(`/tasks/${ref}/edit`);
  await one.goto(`/tasks/${ref}/edit`);
  await one.getByRole('textbox', { name: 'Details' }).fill('The key in the vault.');
  await one.getByRole('button', { name: 'Save' }).click();
  await expect(one.locator('main')).toContainText('The key in the vault.');
  await two.getByRole('textbox', { name: 'Details' }).fill('The key of the build server.');
  await two.getByRole('button', { name: 'Save' }).click();
  await expect(two.getByRole('alert')).toContainText('Somebody saved a change');
  await expect(two.locator('.theirs')).toContainText('The key in the vault.');
  await expect(two.getByRole('textbox', { name: 'Details' })).toHaveValue('The key of the build server.');
  await two.getByRole('button', { name: 'Save' }).click();
  await expect(two.locator('main .prose')).toContainText('The key of the build server.');
});

test('without scripts: a task is opened, wrong first, then right', async ({ browser }) => {
  const page = await as(browser, 'security_analyst', { javaScriptEnabled: false });
  await page.goto('/tasks');
  await page.getByRole('link', { name: 'New task' }).click();
  await page.getByRole('textbox', { name: 'Details' }).fill('kept');
  await page.getByLabel('Criteria').fill('CC6.1, CC66.6');
  await page.getByLabel('What is to be done').fill(`Without scripts ${Date.now()}`);
  await page.getByRole('button', { name: 'Open the task' }).click();
  await expect(page.locator('#f-criteria-err')).toContainText('CC66.6');
  await expect(page.getByRole('textbox', { name: 'Details' })).toHaveValue('kept');
  await page.getByLabel('Criteria').fill('CC6.1');
  await page.getByLabel('Due').fill(day(3));
  await page.getByRole('button', { name: 'Open the task' }).click();
  await expect(page).toHaveURL(/\/tasks\/T-\d+$/);
  await page.goto('/tasks?criterion=CC6.1&q=Without');
  await expect(page.locator('#rows tbody tr').first()).toContainText('Without scripts');
});

test('guided programmes tick what is on record, and keep what a person says', async ({ browser }) => {
  const page = await as(browser, 'owner');
  await page.goto('/programmes');
  await expect(page.getByRole('region', { name: 'Quick check of ten' })).toContainText('not completeness');
  await page.getByRole('link', { name: 'Quick check of ten' }).click();
  const line = page.locator('#assessment');
  await expect(line).toContainText('RSK-01');
  await line.getByRole('link', { name: 'Settle: Is a risk assessment carried out, and written down?' }).click();
  const panel = page.getByRole('dialog');
  const note = `Carried out in September, minutes in the board's folder. ${Date.now()}`;
  await panel.getByLabel('It is so').check({ force: true });
  await panel.getByLabel('What it rests on').fill(note);
  await panel.getByLabel('Evidence').fill('EV-1999-99999');
  await panel.getByRole('button', { name: 'Record' }).click();
  await expect(panel).toContainText('There is no evidence EV-1999-99999');
  await panel.getByLabel('Evidence').fill('');
  await panel.getByRole('button', { name: 'Record' }).click();
  await expect(page.locator('#assessment .mark')).toContainText(note);
  await expect(page.locator('#assessment .mark')).toContainText(world().user('owner').name);
  await page.goto('/programmes/seven-steps');
  // Other tests add controls without owners, and tasks: what they leave alone is on record.
  await expect(page.locator('#audit')).toContainText('On record');
});
