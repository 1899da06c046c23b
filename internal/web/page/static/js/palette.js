// @ts-check
// What the palette does once it is open. The server searches; what was opened lately stands first.
import { parse, guard } from './html.js';
import { recent, remember } from './open.js';

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById('palette'));
const input = /** @type {HTMLInputElement | null} */ (dialog?.querySelector('input') ?? null);
const all = /** @type {HTMLAnchorElement | null} */ (dialog?.querySelector('[data-all]') ?? null);

const list = () => /** @type {HTMLElement} */ (document.getElementById('palette-list'));
/** @returns {HTMLElement[]} */
const hits = () => [...list().querySelectorAll('.hit')].map((h) => /** @type {HTMLElement} */ (h));

/** @param {number} n */
function choose(n) {
  const rows = hits();
  if (rows.length === 0) { input?.removeAttribute('aria-activedescendant'); return; }
  const at = (n + rows.length) % rows.length;
  for (const [i, r] of rows.entries()) r.setAttribute('aria-selected', String(i === at));
  rows[at]?.scrollIntoView({ block: 'nearest' });
  input?.setAttribute('aria-activedescendant', rows[at]?.id ?? '');
}
const chosen = () => hits().findIndex((h) => h.getAttribute('aria-selected') === 'true');

/**
 * @param {string} text
 * @param {string} className
 */
function span(text, className) {
  const s = document.createElement('span');
  s.className = className; s.textContent = text;
  return s;
}

/**
 * A hit that the browser makes itself.
 * @param {{href?: string, ref: string, title: string, kind: string}} x
 * @param {() => void} [act]
 */
function row(x, act) {
  const a = document.createElement('a');
  a.className = 'hit'; a.setAttribute('role', 'option'); a.tabIndex = -1; a.setAttribute('aria-selected', 'false');
  a.id = `own-${hits().length}-${Math.random().toString(36).slice(2, 8)}`;
  a.href = x.href ?? '#';
  const icon = document.createElement('span');
  icon.textContent = act ? '›' : '↺';
  icon.className = 'k'; icon.setAttribute('aria-hidden', 'true');
  a.append(icon, span(x.ref, 'r'), span(x.title, 't'), span(x.kind, 'k'));
  if (act) a.addEventListener('click', (e) => { e.preventDefault(); e.stopPropagation(); dialog?.close(); act(); });
  return a;
}

/** @type {AbortController | null} */
let asking = null;

/** @param {string} q */
async function ask(q) {
  asking?.abort();
  asking = new AbortController();
  const answer = await fetch(`/search?${new URLSearchParams(q ? { q } : {})}`, { headers: { 'Tm-Target': 'palette-list', Accept: 'text/html' }, signal: asking.signal });
  if (answer.status === 401 || answer.headers.get('Tm-Location')) { location.assign('/sign-in'); return; }
  if (!answer.ok) throw new Error(String(answer.status));
  const next = parse(await answer.text()).querySelector('#palette-list');
  if (!next) return;
  list().replaceWith(next);
  if (all) all.href = q ? `/search?${new URLSearchParams({ q })}` : '/search';
  if (!q) {
    const here = location.pathname;
    const own = recent().filter((x) => x.href !== here).slice(0, 5).map((x) => row(x));
    list().prepend(...own);
  }
  choose(0);
}

/** @param {string} [q] */
export function openPalette(q = '') {
  if (!dialog || !input || document.body.dataset.who === '') return;
  if (!dialog.open) dialog.showModal();
  input.value = q; input.placeholder = 'Reference, title, person or command';
  own = null;
  input.focus();
  guard(ask(q));
}

/** @type {HTMLElement[] | null} */
let own = null;

/** The actions of the page, in the same frame. */
export function openActions() {
  if (!dialog || !input) return;
  const found = [...document.querySelectorAll('.page-head .actions a, .page-head .actions button')].map((el) => /** @type {HTMLElement} */ (el)).filter((el) => el.offsetParent !== null);
  if (found.length === 0) return;
  if (!dialog.open) dialog.showModal();
  input.value = ''; input.placeholder = 'Actions of this page';
  own = found.map((el) => row({ ref: '', title: el.textContent?.trim() || el.getAttribute('aria-label') || '', kind: 'Action' }, () => el.click()));
  list().replaceChildren(...own);
  input.focus();
  choose(0);
}

let timer = 0;
input?.addEventListener('input', () => {
  clearTimeout(timer);
  if (own) {
    const q = input.value.toLowerCase();
    list().replaceChildren(...own.filter((r) => (r.textContent ?? '').toLowerCase().includes(q)));
    choose(0);
    return;
  }
  timer = setTimeout(() => guard(ask(input.value.trim())), 90);
});
dialog?.addEventListener('keydown', (e) => {
  if (e.key === 'ArrowDown') { e.preventDefault(); choose(chosen() + 1); } else if (e.key === 'ArrowUp') { e.preventDefault(); choose(chosen() - 1); } else if (e.key === 'Enter' && e.target === input) { e.preventDefault(); hits()[Math.max(chosen(), 0)]?.click(); }
});
dialog?.addEventListener('click', (e) => {
  const t = /** @type {Element} */ (e.target);
  if (t === dialog) { dialog.close(); return; }
  const hit = /** @type {HTMLAnchorElement | null} */ (t.closest('a.hit'));
  if (!hit) return;
  const text = (/** @type {string} */ c) => hit.querySelector(`.${c}:not([aria-hidden])`)?.textContent ?? '';
  remember({ href: hit.pathname + hit.search, ref: text('r'), title: text('t'), kind: text('k') });
});
