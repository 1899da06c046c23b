// @ts-check
// What is asked of many people: acknowledgements, courses, personal links, completions of another system, reminders.
import { test, expect } from '@playwright/test';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { as, signIn, world } from '../world.js';

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

/** A name nobody else has. */
const fresh = () => `Test ${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;

/** A day so many days from today. @param {number} n */
const day = (n) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);

/** A course of two questions. @param {string} title */
const course = (title) => `---
title: ${title}
kind: awareness
minutes: 5
pass: 2
questions:
  - ask: Who may have your password?
    choices: [{text: "Nobody", right: true}, {text: "The help desk"}]
    why: Nobody honest ever asks for it.
  - ask: Which of these do you report?
    choices: [{text: "A lost badge", right: true}, {text: "A strange prompt", right: true}, {text: "Rain"}]
    why: Whatever could let somebody in.
---
# Passwords

One place, one password. <b>Nobody</b> else knows it.

# Reports

Report early.
`;

/**
 * Opens a campaign for the people with these addresses and gives its address.
 * @param {import('@playwright/test').Page} page
 * @param {{about: string, title: string, people: string[], due?: string}} c
 */
async function open(page, c) {
  await page.goto('/campaigns/new');
  const option = page.getByLabel('About', { exact: true }).locator('option').filter({ hasText: c.about }).first();
  await page.getByLabel('About', { exact: true }).selectOption((await option.getAttribute('value')) ?? '');
  await page.getByLabel('Title').fill(c.title);
  await page.getByLabel('Due', { exact: true }).fill(c.due ?? day(10));
  await page.getByLabel('Ask joiners too, until the campaign is closed').uncheck();
  await page.getByText('Only some', { exact: true }).click();
  await page.getByLabel('People by name').fill(c.people.join('\n'));
  await page.getByRole('button', { name: 'Count' }).click();
  await expect(page.locator('.bigno')).toHaveText(`${c.people.length} ${c.people.length === 1 ? 'person is asked' : 'people are asked'}`);
  await page.getByRole('button', { name: 'Open the campaign' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(c.title);
  return new URL(page.url()).pathname;
}

/**
 * Publishes a course and gives its reference.
 * @param {import('@playwright/test').Page} page
 * @param {string} title
 */
async function publish(page, title) {
  await page.goto('/training/courses/new');
  await page.getByLabel('Course', { exact: true }).fill(course(title));
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByRole('heading', { name: 'Reports' })).toBeVisible();
  await expect(page.locator('.reading').first()).toContainText('<b>Nobody</b> else');
  await page.getByRole('button', { name: 'Publish' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
  return new URL(page.url()).pathname.split('/').pop() ?? '';
}

/**
 * A mail server that keeps what it gets.
 * @returns {Promise<{port: number, letters: () => string[], stop: () => Promise<void>}>}
 */
async function postOffice() {
  /** @type {string[]} */ const letters = [];
  const server = createServer((socket) => {
    let data = false;
    let said = '';
    socket.on('error', () => {});
    socket.write('220 here\r\n');
    socket.on('data', (/** @type {Buffer} */ more) => {
      said += more.toString('latin1');
      for (;;) {
        const end = said.indexOf(data ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const text = said.slice(0, end);
        said = said.slice(end + (data ? 5 : 2));
        if (data) {
          letters.push(text.replaceAll('=\r\n', '').replaceAll('=3D', '='));
          data = false;
          socket.write('250 kept\r\n');
        } else if (/^DATA/i.test(text)) {
          data = true;
          socket.write('354 go on\r\n');
        } else if (/^QUIT/i.test(text)) {
          socket.end('221 bye\r\n');
        } else {
          socket.write('250 yes\r\n');
        }
      }
    });
  });
  await new Promise((/** @type {(_: void) => void} */ ready) => server.listen(0, '127.0.0.1', () => ready()));
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('no port');
  return { port: at.port, letters: () => letters, stop: () => new Promise((done) => { server.close(() => done()); }) };
}

test('a policy is acknowledged by somebody signed in, with the version and once', async ({ browser }) => {
  const lead = await as(browser, 'owner');
  const title = fresh();
  const at = await open(lead, { about: 'Acknowledge POL-01', title, people: [world().user('employee').email] });
  const employee = await as(browser, 'employee');
  await employee.goto('/my-work');
  await employee.getByRole('link', { name: new RegExp(title) }).first().click();
  await expect(employee.getByRole('heading', { level: 1 })).toHaveText(title);
  const button = employee.getByRole('button', { name: /^Acknowledge version \d+$/ });
  await expect(employee.locator('.reading')).toContainText('Purpose');
  const duty = new URL(employee.url()).pathname;
  await button.click();
  await expect(employee).toHaveURL(/\/my-work/);
  await expect(employee.getByText(/You have acknowledged POL-01, version \d+/)).toBeVisible();
  await employee.goto(duty);
  await expect(employee.locator('.page-head')).toContainText('Done');
  await expect(button).toHaveCount(0);
  await lead.goto(`${at}?state=done`);
  await expect(lead.locator('#rows tbody tr')).toHaveCount(1);
  await expect(lead.locator('#rows')).toContainText('Signed in');
});

test('a course is taken without scripts: wrong answers show why, the second try passes', async ({ browser }) => {
  const lead = await as(browser, 'owner');
  const title = fresh();
  const ref = await publish(lead, title);
  const at = await open(lead, { about: `Take ${ref} `, title, people: [world().user('employee').email] });
  const employee = await as(browser, 'employee', { javaScriptEnabled: false });
  await employee.goto('/my-work');
  await employee.getByRole('link', { name: new RegExp(title) }).first().click();
  await employee.getByRole('link', { name: 'Next: Reports' }).click();
  await expect(employee.getByRole('heading', { name: 'Reports' })).toBeVisible();
  await employee.getByRole('link', { name: 'To the questions' }).click();
  await employee.getByLabel('Nobody').check();
  await employee.getByRole('button', { name: 'Send the answers' }).click();
  await expect(employee.locator('#f-q2 .err')).toBeVisible();
  await expect(employee.getByLabel('Nobody')).toBeChecked();
  await employee.getByLabel('Rain').check();
  await employee.getByRole('button', { name: 'Send the answers' }).click();
  await expect(employee.getByRole('alert').first()).toContainText('1 of 2 are right; 2 are needed');
  await expect(employee.locator('#f-q2 .why')).toContainText('Whatever could let somebody in.');
  await expect(employee.locator('#f-q1 .why')).toHaveCount(0);
  await employee.getByLabel('Rain').uncheck();
  await employee.getByLabel('A lost badge').check();
  await employee.getByLabel('A strange prompt').check();
  await employee.getByRole('button', { name: 'Send the answers' }).click();
  await expect(employee.getByText(`You have passed ${title}: 2 of 2 are right.`)).toBeVisible();
  await lead.goto(at);
  await lead.locator('#rows tbody tr a.mono').first().click();
  await expect(lead.getByRole('region', { name: 'Facts' })).toContainText('2, after 2 tries');
  await expect(lead.locator('#h-tries')).toBeVisible();
});

/**
 * An organisation of its own whose program may reach one mail server of this machine: what the demo must not.
 * @param {number} port
 * @returns {Promise<{url: string, stop: () => Promise<void>}>}
 */
function house(port) {
  const data = mkdtempSync(path.join(tmpdir(), 'tickmark-mail-'));
  const env = { ...process.env, TICKMARK_ALLOW_PRIVATE: `127.0.0.1:${port}` };
  for (const args of [['init', '--bare', '--name', 'Northwind', '--owner', 'olle@northwind.example', '--owner-name', 'Olle Ek', '--password-stdin'], ['training', 'begin'],
    ['person', 'add', 'Nils <b>Øy</b>', '--email', 'nils@northwind.example']]) {
    const made = spawnSync(world().bin, [...args, '--data', data], { env, cwd: data, input: 'correct horse battery\n' }); // init writes tickmark.yaml where it is called
    if (made.status !== 0) throw new Error(made.stderr.toString());
  }
  const child = spawn(world().bin, ['serve', '--data', data, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: data });
  const stop = () => new Promise((/** @type {(_: void) => void} */ done) => {
    const end = () => { rmSync(data, { recursive: true, force: true }); done(); };
    if (child.exitCode !== null) { end(); return; }
    child.once('exit', end);
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 25_000).unref();
  });
  let said = '';
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(said)));
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (/** @type {Buffer} */ b) => {
      said += b.toString();
      const at = /(http:\/\/127\.0\.0\.1:\d+)/.exec(said);
      if (at?.[1]) resolve({ url: at[1], stop });
    });
  });
}

test('who has no account gets a letter with a link of their own, and is reminded', async ({ browser }) => {
  const office = await postOffice();
  const server = await house(office.port);
  try {
    const lead = await (await browser.newContext({ baseURL: server.url })).newPage();
    await signIn(lead, { email: 'olle@northwind.example', name: 'Olle Ek', role: 'owner', password: 'correct horse battery' });
    await lead.goto('/campaigns/new');
    await expect(lead.getByText('Nobody is told by e-mail.')).toBeVisible();
    await lead.goto('/settings/notifications');
    await lead.getByRole('link', { name: 'E-mail', exact: true }).click();
    await lead.getByLabel('Name', { exact: true }).fill('Mail');
    await lead.getByLabel('Server', { exact: true }).fill('127.0.0.1');
    await lead.getByLabel('Port', { exact: true }).fill(String(office.port));
    await lead.getByLabel('Security', { exact: true }).selectOption('none');
    await lead.getByLabel('From', { exact: true }).fill('tickmark@northwind.example');
    for (const event of ['Something is asked of a person', 'Something asked of a person is due']) await lead.getByLabel(event, { exact: true }).check();
    await lead.getByRole('button', { name: 'Save' }).click();
    await expect(lead.locator('.toast')).toContainText('is set up');
    const title = fresh();
    const at = await open(lead, { about: 'Take TRN-02 ', title, people: ['nils@northwind.example'] });
    /** @param {string} words */
    const link = async (words) => {
      let found = '';
      await expect.poll(() => {
        found = /\/mine\/northwind\.[a-z0-9]+/.exec(office.letters().find((l) => l.includes(words)) ?? '')?.[0] ?? '';
        return found;
      }, { timeout: 150_000 }).not.toBe('');
      return found;
    };
    const first = await link(title);
    const theirs = await (await browser.newContext({ baseURL: server.url, viewport: { width: 390, height: 844 } })).newPage();
    expect((await theirs.goto(first))?.headers()['referrer-policy']).toBe('no-referrer');
    await expect(theirs.getByRole('heading', { level: 1 })).toHaveText('Nils <b>Øy</b>, this is asked of you');
    await lead.goto(at);
    await lead.getByRole('button', { name: 'Remind 1' }).click();
    await expect(lead.getByText('1 reminder is on the way by e-mail.')).toBeVisible();
    const second = await link('Reminder: ');
    expect(second).not.toBe(first);
    expect((await theirs.goto(first))?.status()).toBe(404);
    await theirs.goto(second);
    await theirs.getByRole('link', { name: title }).click();
    await theirs.getByRole('link', { name: 'Questions', exact: true }).click();
    // The right answers are in the course, which whoever runs it sees.
    await lead.goto('/training/courses/TRN-02');
    const right = await lead.locator('.asked > li').evaluateAll((list) => list.map((q) => [...q.querySelectorAll('ul > li')].flatMap((c, n) => (c.hasAttribute('data-right') ? [n] : []))));
    for (const [q, choices] of right.entries()) for (const n of choices) await theirs.locator(`input[name="q${q + 1}"][value="${n}"]`).check();
    await theirs.getByRole('button', { name: 'Send the answers' }).click();
    await expect(theirs.getByRole('heading', { level: 1 })).toHaveText('Thank you');
    expect((await theirs.goto(second))?.status()).toBe(404);
    await lead.goto(at);
    await expect(lead.locator('#rows')).toContainText('Personal link');
  } finally {
    await server.stop();
    await office.stop();
  }
});

test('completions of a learning system: checked, lines that cannot be taken named, imported once', async ({ browser }) => {
  const lead = await as(browser, 'owner');
  const title = fresh();
  const ref = await publish(lead, title);
  const email = world().user('employee').email;
  await open(lead, { about: `Take ${ref} `, title, people: [email] });
  const file = { name: 'lms.csv', mimeType: 'text/csv', buffer: Buffer.from(`Login,Module,Finished,Mark\n${email},${title} (old name),${day(0)},95%\nnobody@northwind.example,${title},${day(0)},\n=1+1,${title},never,\n`) };
  await lead.goto('/training');
  await lead.getByRole('link', { name: 'Import completions' }).click();
  await lead.getByLabel('CSV file').setInputFiles(file);
  await lead.getByLabel('Courses under other names').fill(`${title} (old name) = ${ref}`);
  await lead.getByRole('button', { name: 'Read the file' }).click();
  await expect(lead.getByRole('heading', { name: 'What would be imported' })).toBeVisible();
  await expect(lead.getByRole('row', { name: /Nobody in the directory has this address or number/ })).toHaveCount(2);
  await lead.getByLabel('CSV file').setInputFiles(file);
  await lead.getByLabel('Only check, and change nothing').uncheck();
  await lead.getByRole('button', { name: 'Read the file' }).click();
  await expect(lead.getByRole('heading', { name: 'What was imported' })).toBeVisible();
  await expect(lead.locator('.cmp-figures')).toContainText('Duties done');
  await lead.getByLabel('CSV file').setInputFiles(file);
  await lead.getByRole('button', { name: 'Read the file' }).click();
  await expect(lead.locator('.cmp-figures div').filter({ hasText: 'Known before' })).toContainText('1');
  await lead.goto(`/training?course=${ref}`);
  await expect(lead.locator('#rows tbody tr')).toHaveCount(1);
  await expect(lead.locator('#rows tbody tr')).toContainText('Done');
});

test('a duty is waived with a reason, taken back, and gets another day; the campaign closes with what is undone', async ({ browser }) => {
  const lead = await as(browser, 'owner');
  const title = fresh();
  const at = await open(lead, { about: 'Acknowledge POL-01', title, people: [world().user('employee').email, world().user('compliance_lead').email] });
  const row = lead.locator('#rows tbody tr').filter({ hasText: world().user('employee').name });
  await row.getByRole('checkbox').check();
  await lead.getByRole('button', { name: 'Waive', exact: true }).click();
  const asked = lead.getByRole('main');
  await asked.getByLabel('Why').fill('short');
  await asked.getByRole('button', { name: 'Waive' }).click();
  await expect(asked.locator('#f-why-err')).toContainText('at least 10');
  await asked.getByLabel('Why').fill('On leave for the whole of this year.');
  await asked.getByRole('button', { name: 'Waive' }).click();
  await expect(row).toContainText('Waived');
  await lead.getByRole('button', { name: 'Undo' }).click();
  await expect(row).toContainText('Open');
  await row.getByRole('checkbox').check();
  await lead.getByRole('button', { name: 'Another day', exact: true }).click();
  await asked.getByLabel('Due').fill(day(20));
  await asked.getByRole('button', { name: 'Move the day' }).click();
  await expect(lead.getByText(/1 duty is due on/)).toBeVisible();
  await lead.goto(at);
  await lead.getByRole('link', { name: 'Close', exact: true }).click();
  const panel = lead.getByRole('dialog');
  await expect(panel).toContainText('2 people have not done it.');
  await panel.getByRole('button', { name: 'Close the campaign' }).click();
  await expect(lead.locator('.page-head')).toContainText('Closed, 2 undone');
  await expect(lead.getByRole('link', { name: 'Close', exact: true })).toHaveCount(0);
  await expect(lead.locator('#rows')).toContainText('Not done');
});

test('what a new campaign lacks is told at its field, and the form keeps what was written', async ({ browser }) => {
  const lead = await as(browser, 'owner');
  await lead.goto('/campaigns/new?about=train:TRN-01');
  await expect(lead.getByLabel('Days for joiners')).toHaveValue('30');
  await lead.getByLabel('Title').fill('Kept <b>title</b>');
  await lead.getByLabel('Due', { exact: true }).fill('2020-01-01');
  await lead.getByText('Only some', { exact: true }).click();
  await lead.getByLabel('People by name').fill('nobody@northwind.example');
  await lead.getByRole('button', { name: 'Open the campaign' }).click();
  await expect(lead.locator('#f-people-err')).toContainText('nobody@northwind.example');
  await expect(lead.getByLabel('Title')).toHaveValue('Kept <b>title</b>');
  await lead.getByText('Everybody who works here', { exact: true }).click();
  await lead.getByRole('button', { name: 'Open the campaign' }).click();
  await expect(lead.locator('#f-due-err')).toContainText('is over');
});

test('an auditor reads campaigns and training, and may change nothing', async ({ browser }) => {
  const page = await as(browser, 'auditor');
  await page.goto('/campaigns');
  await page.locator('#rows tbody a.mono').last().click();
  await expect(page.getByRole('heading', { name: 'How far it is' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Close', exact: true })).toHaveCount(0);
  await expect(page.locator('#rows input[name=tick]')).toHaveCount(0);
  await page.goto('/training');
  await expect(page.getByRole('link', { name: 'Import completions' })).toHaveCount(0);
  expect((await page.goto('/training/import'))?.status()).toBe(403);
  expect((await page.goto('/campaigns/new'))?.status()).toBe(403);
});
