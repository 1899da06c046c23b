// @ts-check
// What people do on a rhythm and what waits for them: recurring controls, one list of duties, the digest, the quick check of ten,
// and bringing along what an organisation has.
import { test, expect } from '@playwright/test';
import { as, world } from '../world.js';

test.afterEach(async ({ browser }) => { for (const c of browser.contexts()) await c.close(); });

test('a control is planned, performed with a file, and checked by somebody else', async ({ browser }) => {
  const own = `ZQ${String.fromCharCode(65 + Math.floor(Math.random() * 26))}-${10 + Math.floor(Math.random() * 989)}`;
  const lead = await as(browser, 'compliance_lead');
  // A control of one's own, so that other flows are not disturbed: it comes in by import, and the owner approves it.
  await lead.goto('/import');
  await lead.getByLabel('What the file holds').selectOption('controls');
  await lead.getByLabel('File', { exact: true }).setInputFiles({
    name: 'own.csv', mimeType: 'text/csv',
    buffer: Buffer.from(`Ref;Title;What is done;Owner;Frequency;Criteria;Evidence\n${own};Keys are counted;The keys of the office are counted and the count is written down.;${world().user('compliance_lead').email};quarterly;CC6.4;Count of keys\nXX;Broken;short;;never;CC99;\n`),
  });
  await lead.getByRole('button', { name: 'Read the file' }).click();
  await expect(lead.getByLabel('Column of Owner', { exact: true })).toHaveValue('3');
  await lead.getByRole('button', { name: 'Try it with these columns' }).click();
  await expect(lead.getByRole('heading', { name: 'What would become of 2 rows' })).toBeVisible();
  await expect(lead.locator('#rows')).toContainText('Wrong');
  await lead.getByRole('button', { name: 'Apply 1 row' }).click();
  await expect(lead.locator('.err').first()).toContainText('1 row is wrong');
  await lead.getByLabel(/Leave out the/).check();
  await lead.getByRole('button', { name: 'Apply 1 row' }).click();
  await expect(lead.locator('main')).toContainText('The file is kept as');

  const owner = await as(browser, 'owner');
  await owner.goto(`/c/${own}/approve`);
  await owner.locator('main form').getByRole('button').last().click();
  await lead.goto(`/rhythms/${own}`);
  const today = new Date().toISOString().slice(0, 10);
  await lead.getByLabel('A day it is due').fill(today);
  await lead.getByLabel('Days it may be late').fill('99');
  await lead.getByLabel('Somebody else checks what was done').check();
  await lead.getByRole('button', { name: 'Plan it' }).click();
  await expect(lead.locator('#f-window-err')).toContainText('0 to 83');
  await lead.getByLabel('Days it may be late').fill('10');
  await lead.getByRole('button', { name: 'Plan it' }).click();
  await expect(lead).toHaveURL(new RegExp(`/occurrences\\?control=${own}`));
  await lead.locator('#rows tbody a').first().click();
  await lead.getByRole('link', { name: 'Record it as performed' }).click();
  await lead.getByLabel('What was done').fill('All keys are there.');
  await lead.getByRole('button', { name: 'Record', exact: true }).click();
  await expect(lead.locator('.err').first()).toContainText(/attach what shows it/i);
  await lead.getByLabel('File', { exact: true }).setInputFiles({ name: 'keys.txt', mimeType: 'text/plain', buffer: Buffer.from(`Keys of ${own}: 14 of 14`) });
  await lead.getByLabel('Where the file comes from').fill('Counted by me at the front desk');
  await lead.getByRole('button', { name: 'Record', exact: true }).click();
  await expect(lead.locator('.page-head')).toContainText('Done');
  await expect(lead.getByRole('link', { name: 'Check', exact: true })).toHaveCount(0);
  await owner.goto(new URL(lead.url()).pathname);
  await owner.getByRole('link', { name: 'Check', exact: true }).click();
  await owner.locator('#panel').getByRole('button', { name: 'I checked it' }).click();
  await expect(owner.locator('.log')).toContainText('checked it');
});

test('the calendar shows a month, and on a phone the days that have something', async ({ browser }) => {
  const page = await as(browser, 'auditor', { viewport: { width: 390, height: 844 }, javaScriptEnabled: false });
  await page.goto('/occurrences/calendar');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.getByRole('link', { name: 'Month before' }).click();
  await expect(page).toHaveURL(/month=\d{4}-\d{2}/);
  await page.getByRole('link', { name: 'List' }).click();
  await page.locator('#rows tbody a').first().click();
  await expect(page.getByRole('region', { name: 'Facts' })).toContainText('Late until');
});

test('my work lists what waits in every room, filters it, and the digest is chosen', async ({ browser }) => {
  const page = await as(browser, 'control_owner');
  await page.goto('/my-work');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('My work');
  const rows = page.locator('#rows tbody tr');
  await expect(rows.first()).toBeVisible();
  await page.goto('/my-work?kind=task');
  for (const row of await rows.all()) await expect(row).toContainText('Task');
  await page.goto('/my-work');
  await page.getByRole('link', { name: 'E-mail digest' }).click();
  await page.locator('#panel').getByText('On working days').click();
  await page.locator('#panel').getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('.toast')).toContainText('working days');
});

test('the quick check of ten is computed from the records', async ({ browser }) => {
  const page = await as(browser, 'compliance_lead');
  await page.goto('/programmes/quick-check');
  await expect(page.locator('.guide-l > li')).toHaveCount(10);
  for (const words of ['People who work here and have a manager', 'Policies in force that somebody owns', 'Joiners of the last year', 'Significant changes', 'Risks that name their threat', 'Vendors in use']) {
    await expect(page.locator('.guide-l')).toContainText(words);
  }
});

/** The sum by which archives are checked. @param {Buffer} b */
function crc(b) {
  let c = ~0;
  for (const x of b) { c ^= x; for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1; }
  return ~c >>> 0;
}

/**
 * A real Excel file with one sheet, every cell as text.
 * @param {string[][]} rows
 */
function excel(rows) {
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main', rel = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const cells = rows.map((r, y) => `<row r="${y + 1}">${r.map((v, x) => `<c r="${String.fromCharCode(65 + x)}${y + 1}" t="inlineStr"><is><t>${v}</t></is></c>`).join('')}</row>`).join('');
  const parts = /** @type {[string, string][]} */ ([
    ['xl/workbook.xml', `<workbook xmlns="${main}" xmlns:r="${rel}"><sheets><sheet name="Register" sheetId="1" r:id="rId1"/></sheets></workbook>`],
    ['xl/_rels/workbook.xml.rels', `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${rel}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`],
    ['xl/worksheets/sheet1.xml', `<worksheet xmlns="${main}"><sheetData>${cells}</sheetData></worksheet>`],
  ]).map(([name, text]) => /** @type {const} */ ([name, Buffer.from(text)]));
  /** @type {Buffer[]} */ const files = [];
  /** @type {Buffer[]} */ const index = [];
  let at = 0;
  for (const [name, body] of parts) {
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0); head.writeUInt32LE(crc(body), 10); head.writeUInt32LE(body.length, 14); head.writeUInt32LE(body.length, 18); head.writeUInt16LE(name.length, 22);
    const entry = Buffer.alloc(14);
    entry.writeUInt32LE(at, 10);
    index.push(Buffer.from('PK\u0001\u0002'), Buffer.from([20, 0]), head, entry, Buffer.from(name));
    files.push(Buffer.from('PK\u0003\u0004'), head, Buffer.from(name), body);
    at += 30 + name.length + body.length;
  }
  const list = Buffer.concat(index), end = Buffer.alloc(18);
  end.writeUInt16LE(parts.length, 4); end.writeUInt16LE(parts.length, 6); end.writeUInt32LE(list.length, 8); end.writeUInt32LE(at, 12);
  return Buffer.concat([...files, list, Buffer.from('PK\u0005\u0006'), end]);
}

for (const format of ['csv', 'xlsx']) {
  test(`each kind is tried from ${format} before anything changes, and dropped`, async ({ browser }) => {
    const page = await as(browser, 'compliance_lead');
    const mail = world().user('compliance_lead').email, n = Math.floor(Math.random() * 1e6);
    for (const [kind, title, heads, good, bad, why] of /** @type {[string, string, string[], string[], string[], string][]} */ ([
      ['controls', 'Controls', ['Control ID', 'Control name', 'Control activity', 'Responsible', 'How often', 'Maps to'], [`ZX-${n % 900 + 10}`, 'Doors are closed', 'Reception closes every door at six and writes it down.', mail, 'daily', 'CC6.4'], ['ZX-9', 'Windows', 'Reception closes every window at six.', '', 'sometimes', 'CC6.4'], 'no frequency'],
      ['risks', 'Risks', ['Risk', 'Category', 'Probability', 'Severity', 'Treatment', 'Next review'], [`Rain ${n} comes in`, 'environment', '2', '3', 'mitigate', '2027-05-01'], ['Snow', 'environment', 'often', '3', '', ''], 'no whole number'],
      ['vendors', 'Vendors', ['Supplier', 'Used for', 'Business owner', 'Data types', 'Importance', 'Start date'], [`Tailspin ${n}`, 'Paper', mail, 'internal', 'low', '2025-02-03'], ['Margie', 'Travel', 'nobody@northwind.example', 'internal', 'low', ''], 'nobody'],
      ['people', 'People', ['Full name', 'E-mail', 'Team', 'Start date'], [`Ann ${n}`, `ann${n}@northwind.example`, 'Sales', '2025-02-03'], ['Bob', `bob${n}@northwind.example`, 'Sales', '03/04/2025'], 'may be the'],
      ['devices', 'Devices', ['Asset tag', 'Device type', 'Assigned to', 'Issued'], [`SN-${n}`, 'notebook', mail, '2025-02-03'], [`SN-${n}x`, 'notebook', 'nobody@northwind.example', '2025-02-03'], 'nobody'],
    ])) {
      const rows = [['Our register'], heads, good, bad, good];
      await page.goto('/import');
      await page.getByLabel('What the file holds').selectOption({ label: title });
      await page.getByLabel('File', { exact: true }).setInputFiles({ name: `${kind}.${format}`, mimeType: 'application/octet-stream', buffer: format === 'csv' ? Buffer.from(rows.map((r) => r.join(';')).join('\r\n')) : excel(rows) });
      await page.getByRole('button', { name: 'Read the file' }).click();
      await expect(page.getByLabel('Row with the headings')).toHaveValue('2');
      for (const [i, s] of (await page.locator('.map select').all()).entries()) {
        if (i === 0) await expect(s, kind).not.toHaveValue('');
      }
      await page.getByRole('button', { name: 'Try it with these columns' }).click();
      await expect(page.getByRole('heading', { name: 'What would become of 3 rows' })).toBeVisible();
      await expect(page.locator('#rows tbody tr').nth(0), kind).toContainText('New');
      await expect(page.locator('#rows tbody tr').nth(1), kind).toContainText(new RegExp(`Wrong.*${why}`, 'is'));
      await expect(page.locator('#rows tbody tr').nth(2), kind).toContainText('It stands in row 3 already.');
      await page.getByRole('link', { name: 'Drop it' }).click();
      await page.locator('#panel').getByRole('button', { name: 'Drop the import' }).click();
      await expect(page.locator('.toast')).toContainText('Nothing was changed');
    }
    // Wrong columns are told before a row is looked at.
    await page.goto('/import');
    await page.getByLabel('What the file holds').selectOption({ label: 'Risks' });
    const strange = [['Alpha', 'Beta'], ['one', '2'], ['two', '3']];
    await page.getByLabel('File', { exact: true }).setInputFiles({ name: `strange.${format}`, mimeType: 'application/octet-stream', buffer: format === 'csv' ? Buffer.from(strange.map((r) => r.join(',')).join('\n')) : excel(strange) });
    await page.getByRole('button', { name: 'Read the file' }).click();
    await page.getByRole('button', { name: 'Try it with these columns' }).click();
    await expect(page.locator('.err').first()).toContainText('no column is chosen for Title', { ignoreCase: true });
    await page.getByLabel('Column of Title').selectOption('0');
    await page.getByLabel('Column of Description').selectOption('0');
    await page.getByRole('button', { name: 'Try it with these columns' }).click();
    await expect(page.locator('.err').first()).toContainText('is chosen for Title and for Description');
    await page.getByRole('link', { name: 'Drop it' }).click();
    await page.locator('#panel').getByRole('button', { name: 'Drop the import' }).click();
  });
}

test('files that are none are refused by name', async ({ browser }) => {
  const page = await as(browser, 'compliance_lead');
  for (const [name, body, words] of /** @type {[string, Buffer, string][]} */ ([
    ['old.xls', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 0, 0]), 'old kind'],
    ['cut.xlsx', Buffer.from('PK\u0003\u0004 and no more'), 'damaged or broken off'],
    ['blank.csv', Buffer.from('\n\n\n'), 'has no rows'],
  ])) {
    await page.goto('/import');
    await page.getByLabel('File', { exact: true }).setInputFiles({ name, mimeType: 'application/octet-stream', buffer: body });
    await page.getByRole('button', { name: 'Read the file' }).click();
    await expect(page.locator('.err').first()).toContainText(words);
  }
});
