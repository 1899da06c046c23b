// @ts-check
// Decides on the rows of an access review by key: K keep, C change, R remove, U take back. A decision moves on to the next row;
// what was sent comes back as the row it made. The row in focus is shown beside the grid.
import { part, guard, toast } from './html.js';

const root = /** @type {HTMLElement | null} */ (document.querySelector('[data-decide]'));
const form = /** @type {HTMLFormElement | null} */ (document.getElementById('decide'));

/** @returns {HTMLTableRowElement[]} */
const rows = () => [...(root?.querySelectorAll('tr[data-row]') ?? [])].map((r) => /** @type {HTMLTableRowElement} */ (r));
const here = () => /** @type {HTMLTableRowElement | null} */ (document.activeElement?.closest('tr[data-row]') ?? null);

/** @param {HTMLTableRowElement | undefined} r */
function go(r) {
  const a = /** @type {HTMLAnchorElement | null} */ (r?.querySelector('td a[href]') ?? null);
  a?.focus();
  r?.scrollIntoView({ block: 'nearest' });
}

/** @param {number} by */
function step(by) {
  const all = rows();
  const r = here();
  const at = r ? all.indexOf(r) : -1;
  go(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
}

let last = Promise.resolve();

/**
 * Sends a decision and puts the row that comes back in the place of the old one. Decisions go one after the other.
 * @param {HTMLTableRowElement} r
 * @param {string} word
 */
function send(r, word) {
  const n = r.dataset.row ?? '';
  r.setAttribute('aria-busy', 'true');
  last = last.then(async () => {
    const old = /** @type {HTMLTableRowElement | null} */ (document.getElementById(`row-${n}`));
    if (!old || !root || !form) return;
    const body = new URLSearchParams({ csrf: String(new FormData(form).get('csrf') ?? ''), do: `${word}:${n}:${old.dataset.v ?? ''}` });
    const got = await part(root.dataset.decide ?? '', `row-${n}`, { method: 'POST', body });
    if (!got) return;
    const next = got.node.querySelector('tr');
    if (!next) { location.reload(); return; }
    const problem = got.response.headers.get('Tm-Problem');
    if (problem) toast(decodeURIComponent(problem).trim());
    const counts = (got.response.headers.get('Tm-Decided') ?? '').split(' ');
    for (const b of root.querySelectorAll('[data-decided]')) if (counts[0]) b.textContent = counts[0];
    const focused = old.contains(document.activeElement);
    old.replaceWith(next);
    if (focused) go(next);
    const said = document.getElementById('rv-live');
    if (said && !problem) said.textContent = `Row ${n}: ${next.dataset.said || 'taken back'}`;
  }).finally(() => document.getElementById(`row-${n}`)?.removeAttribute('aria-busy'));
  guard(last);
}

/**
 * What a key or a button means for a row: done at once, or asked for words first.
 * @param {HTMLTableRowElement} r
 * @param {string} word
 */
function decide(r, word) {
  if (!('mine' in r.dataset)) { toast('This row is for somebody else to decide.'); return; }
  const ways = /** @type {HTMLElement[]} */ ([...r.querySelectorAll('[data-k]')]);
  const way = ways.find((x) => x.dataset.k === word);
  if (way instanceof HTMLAnchorElement) { way.click(); return; }
  send(r, word);
  if (word === 'undo') return;
  const all = rows();
  go(all[all.indexOf(r) + 1] ?? r);
}

/** @type {Record<string, string>} */
const words = { k: 'keep', c: 'change', r: 'remove', u: 'undo' };

document.addEventListener('keydown', (e) => {
  if (!root || e.ctrlKey || e.metaKey || e.altKey || document.body.dataset.keys === 'off') return;
  const t = e.target;
  if (t instanceof HTMLElement && (t.isContentEditable || t.matches('textarea,select,input:not([type=checkbox]):not([type=radio])') || t.closest('dialog'))) return;
  const r = here();
  const key = e.key.toLowerCase();
  if (e.key === 'ArrowDown' && r || key === 'j') { e.preventDefault(); e.stopPropagation(); step(1); return; }
  if (e.key === 'ArrowUp' && r) { e.preventDefault(); step(-1); return; }
  const word = words[key];
  if (!word || e.shiftKey) return;
  e.preventDefault();
  e.stopPropagation();
  if (r) decide(r, word);
  else go(rows().find((x) => 'mine' in x.dataset && x.dataset.said === '') ?? rows()[0]);
}, true);

// A panel leads back to the grid as it is, at the row.
root?.addEventListener('click', (e) => {
  const a = /** @type {HTMLAnchorElement | null} */ (/** @type {Element} */ (e.target).closest('a[data-k]'));
  const n = a?.closest('tr')?.id;
  if (!a || !n) return;
  const to = new URL(a.href);
  to.searchParams.set('back', `${location.pathname}${location.search}#${n}`);
  a.href = to.href;
});

root?.addEventListener('click', (e) => {
  const b = /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest('button[data-k]'));
  const r = /** @type {HTMLTableRowElement | null} */ (b?.closest('tr[data-row]') ?? null);
  if (!b || !r) return;
  e.preventDefault();
  send(r, b.dataset.k ?? '');
});

// The row in focus, beside the grid.
let timer = 0;
let shown = '';
root?.addEventListener('focusin', (e) => {
  const r = /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest('tr[data-row]'));
  const box = document.getElementById('peek');
  if (!r || !box || box.offsetParent === null) return;
  const n = `${r.dataset.row} ${r.dataset.v}`;
  if (n === shown) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    guard(part(`${root.dataset.rows}${r.dataset.row}`, 'peek').then((got) => {
      const next = got?.node.querySelector('#peek');
      if (!next) return;
      shown = n;
      document.getElementById('peek')?.replaceWith(next);
    }));
  }, 160);
});

if (root) {
  const back = location.hash.startsWith('#row-') ? rows().findIndex((r) => `#${r.id}` === location.hash) : -1;
  if (back >= 0) go(rows()[back + 1] ?? rows()[back]);
  const live = document.createElement('p');
  live.id = 'rv-live'; live.className = 'sr'; live.setAttribute('role', 'status');
  root.append(live);
}
