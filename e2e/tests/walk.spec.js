// @ts-check
// Every page the owner can reach, light and dark, wide and narrow: nothing on the console, nothing the content security
// policy stopped, no page wider than the screen, and nothing that axe finds.
import { test, expect } from '@playwright/test';
import { AxeBuilder } from '@axe-core/playwright';
import { reach, session, world } from '../world.js';

const shards = 6;
// Axe takes seconds on a page, and there are some eighty: a slow machine may need its time.
test.setTimeout(1_200_000);
const wide = { width: 1440, height: 900 };
const narrow = { width: 390, height: 844 };
const seen = ['color-contrast', 'link-in-text-block', 'target-size', 'scrollable-region-focusable', 'aria-hidden-focus'];
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** @type {Promise<string[]> | undefined} */
let addresses;

/**
 * The addresses without those that show the page of another one with fewer rows or in another order.
 * @param {string[]} all
 */
function differing(all) {
  const plain = new Set(all.filter((at) => !at.includes('?')));
  const other = /[?&](tab|version|from|to|order|side|open|department)=/;
  return all.filter((at) => !/[?&](sort|page)=/.test(at) && (!at.includes('?') || other.test(at) || !plain.has(at.split('?')[0] ?? '')));
}

for (let n = 0; n < shards; n++) {
  test(`pages, ${n + 1} of ${shards}`, async ({ browser }) => {
    const context = await browser.newContext({ baseURL: world().url, storageState: session('owner'), colorScheme: 'light', viewport: wide, reducedMotion: 'reduce' });
    addresses ??= reach(context.request, 1);
    const page = await context.newPage();
    /** @type {string[]} */ let said = [];
    page.on('console', (m) => { if (m.type() === 'error' || m.type() === 'warning') said.push(m.text()); });
    page.on('pageerror', (e) => said.push(String(e)));
    await page.addInitScript(() => {
      const list = /** @type {{violations?: string[]}} */ (/** @type {unknown} */ (window));
      list.violations = [];
      document.addEventListener('securitypolicyviolation', (e) => list.violations?.push(`${e.violatedDirective} ${e.blockedURI}`));
    });
    const kinds = differing(await addresses);
    for (const [i, at] of kinds.entries()) {
      if (i % shards !== n) continue;
      await test.step(at, async () => {
        said = [];
        await page.emulateMedia({ colorScheme: 'light' });
        await page.setViewportSize(wide);
        await page.goto(at);
        await fits(page, at, wide);
        await page.setViewportSize(narrow);
        await fits(page, at, narrow);
        await page.setViewportSize(wide);
        await page.evaluate(() => window.scrollTo(0, 0)); // a form takes the focus, and what lies under the bar then is no fault
        // Rows are all made alike, and axe looks at each: the first of them will do.
        await page.evaluate(() => { for (const row of document.querySelectorAll('tbody tr:nth-child(n+8)')) row.remove(); });
        // No page here has frames: without looking for them (what axe calls its legacy mode) it takes half the time.
        await clean(at, 'light', new AxeBuilder({ page }).setLegacyMode(true).withTags(rules));
        await page.setViewportSize(narrow);
        // What a page is made of is the same by day and by night, wide and narrow: the second look is at what is not.
        // A form is made of the fields that /dev/components shows, and is not looked at by night.
        if (await page.locator('main form[method="post"] button.danger, main form[method="post"] button.primary').count() === 0 || at.startsWith('/dev/')) {
          await page.emulateMedia({ colorScheme: 'dark' });
          await clean(at, 'dark', new AxeBuilder({ page }).setLegacyMode(true).withRules(seen));
        }
        const stopped = await page.evaluate(() => /** @type {{violations?: string[]}} */ (/** @type {unknown} */ (window)).violations);
        expect.soft(stopped, `the policy stopped something on ${at}`).toEqual([]);
        expect.soft(said, `the console on ${at}`).toEqual([]);
      });
    }
    await context.close();
  });
}

/**
 * @param {import('@playwright/test').Page} page
 * @param {string} at
 * @param {{width: number}} size
 */
async function fits(page, at, size) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect.soft(over, `${at} is wider than ${size.width}`).toBeLessThanOrEqual(0);
}

/**
 * @param {string} at
 * @param {string} scheme
 * @param {AxeBuilder} axe
 */
async function clean(at, scheme, axe) {
  const result = await axe.analyze();
  expect.soft(result.violations.map((v) => `${v.id}: ${v.nodes.map((x) => x.target.join(' ')).slice(0, 3).join(' | ')}`), `axe on ${at}, ${scheme}`).toEqual([]);
}
