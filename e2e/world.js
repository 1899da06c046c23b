// @ts-check
// What the tests know of the running program: its address, its people, their sessions.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Where outputs go: the program, sessions, pictures. */
export const artefacts = path.join(import.meta.dirname, 'artefacts');

const shell = '/usr/bin/chromium-headless-shell';

/** Chromium as the system has it, nothing is downloaded: the one without windows if it is there, which is quicker. */
export const chromium = () => process.env.CHROMIUM || (existsSync(shell) ? shell : '/usr/bin/chromium');

/** @typedef {{email: string, name: string, role: string, password: string}} User */

/** @typedef {Record<string, {settings: Record<string, string>, secrets: Record<string, string>}>} Systems */

/** @returns {{url: string, bin: string, users: User[], systems: Systems, user: (role: string) => User}} */
export function world() {
  const w = JSON.parse(readFileSync(path.join(artefacts, 'world.json'), 'utf8'));
  return {
    ...w,
    user: (role) => {
      const u = w.users.find((/** @type {User} */ x) => x.role === role);
      if (!u) throw new Error(`the demo has no ${role}`);
      return u;
    },
  };
}

/**
 * The saved session of a role.
 * @param {string} role
 */
export const session = (role) => path.join(artefacts, `${role}.json`);

/**
 * A page of a role, or of nobody. The session is the one kept by the setup: signing in by the form is limited, as it should be.
 * @param {import('@playwright/test').Browser} browser
 * @param {string | null} role
 * @param {import('@playwright/test').BrowserContextOptions} [options]
 */
export async function as(browser, role, options = {}) {
  const context = await browser.newContext({ baseURL: world().url, ...(role ? { storageState: session(role) } : {}), ...options });
  return context.newPage();
}

/**
 * Signs somebody in on the page that asks for it.
 * @param {import('@playwright/test').Page} page
 * @param {User} user
 * @param {string} [to]
 */
export async function signIn(page, user, to = '/') {
  await page.goto(to);
  await page.getByLabel('Email').fill(user.email);
  await page.getByLabel('Password', { exact: true }).fill(user.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL((u) => !u.pathname.startsWith('/sign-in'));
}

/**
 * The addresses a role can reach by links from the home page, some of each shape: the same path but for its names and
 * numbers, and the same parameters.
 * @param {import('@playwright/test').APIRequestContext} request
 * @param {number} each
 * @returns {Promise<string[]>}
 */
export async function reach(request, each) {
  /** @type {Map<string, number>} */ const count = new Map();
  /** @type {Set<string>} */ const seen = new Set();
  const todo = ['/', '/account', '/dev/components'];
  /** @type {string[]} */ const found = [];
  for (let at = todo.shift(); at !== undefined; at = todo.shift()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const key = shape(at);
    if ((count.get(key) ?? 0) >= each) continue;
    count.set(key, (count.get(key) ?? 0) + 1);
    const answer = await request.get(at);
    if (answer.status() !== 200) {
      if (at === '/dev/components') continue; // only when asked for
      throw new Error(`${at} answers ${answer.status()}, and a page links to it`);
    }
    if (!(answer.headers()['content-type'] ?? '').startsWith('text/html')) continue;
    found.push(at);
    for (const m of (await answer.text()).matchAll(/<a\s[^>]*?href="([^"#]+)/g)) {
      const u = new URL((m[1] ?? '').replaceAll('&amp;', '&'), `http://here${at}`);
      if (u.host === 'here' && !u.searchParams.has('as')) todo.push(u.pathname + u.search);
    }
  }
  return found;
}

/** @param {string} at */
function shape(at) {
  const u = new URL(at, 'http://here');
  const words = u.pathname.split('/').map((w, i) => (i < 2 || /^[a-z.]+$/.test(w) ? w : '*'));
  const keys = [...u.searchParams.keys()].filter((k) => k !== 'tab').map((k) => k.replace(/^.*-/, ''));
  // Of orders, pages and filters one each will do: the page is the same.
  return `${words.join('/')} ${u.searchParams.get('tab') ?? ''} ${keys.length > 0 ? keys.sort()[0] : ''}`;
}
