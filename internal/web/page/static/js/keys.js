// @ts-check
// Keys: J and K move over the rows, Enter opens, X ticks, / searches, E exports, G and a letter go, ? tells them all. They
// rest while one writes, and single letters can be switched off on the account page.
import { guard } from './html.js';

/** @returns {HTMLTableRowElement[]} */
const rows = () => [...document.querySelectorAll('.rows tbody tr')].map((r) => /** @type {HTMLTableRowElement} */ (r));

/** @param {EventTarget | null} t */
const writing = (t) => t instanceof HTMLElement && (t.isContentEditable || t.matches('textarea,select,input:not([type=checkbox]):not([type=radio])') || t.closest('dialog,[role=grid]') !== null);

let going = 0; // until when a letter after G is waited for

document.addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || writing(e.target) || document.body.dataset.keys === 'off') return;
  if (going > e.timeStamp) {
    going = 0;
    const to = /** @type {HTMLAnchorElement | null} */ (document.querySelector(`.side a[data-go="${CSS.escape(e.key.toLowerCase())}"]`));
    if (to) { e.preventDefault(); location.assign(to.href); return; }
  }
  switch (e.key) {
    case '/': focus('[data-key="/"]', e); break;
    case '?': press('a[href="/keys"]', e); break;
    case '.': e.preventDefault(); guard(import('./palette.js').then((m) => m.openActions())); break;
    case 'e': press('[data-key="e"]', e); break;
    case 'g': going = e.timeStamp + 1200; break;
    case 'j': case 'k': move(e.key === 'j' ? 1 : -1, e); break;
    case 'x': case 'X': mark(e); break;
    case '[': case ']': neighbour(e.key === ']' ? 1 : -1, e); break;
    default:
  }
});

/**
 * @param {string} selector
 * @param {Event} e
 */
function focus(selector, e) {
  const el = /** @type {HTMLInputElement | null} */ (document.querySelector(selector));
  if (!el) return;
  e.preventDefault();
  el.focus(); el.select();
}

/**
 * @param {string} selector
 * @param {Event} e
 */
function press(selector, e) {
  const el = /** @type {HTMLElement | null} */ (document.querySelector(selector));
  if (!el) return;
  e.preventDefault();
  el.click();
}

/** @param {HTMLTableRowElement | undefined} r */
const link = (r) => /** @type {HTMLAnchorElement | null} */ (r?.querySelector('td a[href]') ?? null);

/**
 * @param {number} by
 * @param {Event} e
 */
function move(by, e) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.findIndex((r) => r.contains(document.activeElement));
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  const to = link(next) ?? /** @type {HTMLElement | null} */ (next?.querySelector('input,button'));
  if (!to) return;
  e.preventDefault();
  to.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

/** @param {KeyboardEvent} e */
function mark(e) {
  const r = rows().find((x) => x.contains(document.activeElement));
  const box = /** @type {HTMLInputElement | null} */ (r?.querySelector('input[name="tick"]') ?? null);
  if (!box) return;
  e.preventDefault();
  box.checked = e.shiftKey ? true : !box.checked;
  guard(import('./bulk.js').then((m) => m.tick(box, e.shiftKey)));
}

// The list one came from, for [ and ].
const trail = 'tm_trail';
document.addEventListener('click', (e) => {
  const a = /** @type {HTMLAnchorElement | null} */ (/** @type {Element} */ (e.target).closest('.rows tbody a[href]'));
  if (!a || 'panel' in a.dataset) return;
  const paths = rows().map((r) => link(r)?.pathname ?? '').filter((p) => p !== '');
  try { sessionStorage.setItem(trail, JSON.stringify(paths)); } catch { /* a browser that keeps nothing */ }
});

/**
 * @param {number} by
 * @param {Event} e
 */
function neighbour(by, e) {
  /** @type {string[]} */ let paths = [];
  try { paths = JSON.parse(sessionStorage.getItem(trail) ?? '[]'); } catch { return; }
  const at = paths.indexOf(location.pathname);
  const to = at < 0 ? undefined : paths[at + by];
  if (!to) return;
  e.preventDefault();
  location.assign(to);
}
