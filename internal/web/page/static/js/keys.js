// @ts-check
// Keys of lists: J and K move over the rows, Enter opens, / searches, E exports. They rest while one writes.

/** @returns {HTMLTableRowElement[]} */
const rows = () => [...document.querySelectorAll('.rows tbody tr')].map((r) => /** @type {HTMLTableRowElement} */ (r));

/** @param {EventTarget | null} t */
const writing = (t) => t instanceof HTMLElement && (t.isContentEditable || t.matches('input,select,textarea') || t.closest('dialog') !== null);

document.addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || writing(e.target)) return;
  switch (e.key) {
    case '/': focus('[data-key="/"]', e); break;
    case 'e': { const a = /** @type {HTMLElement | null} */ (document.querySelector('[data-key="e"]')); if (a) { e.preventDefault(); a.click(); } break; }
    case 'j': case 'k': move(e.key === 'j' ? 1 : -1, e); break;
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
 * @param {number} by
 * @param {Event} e
 */
function move(by, e) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.findIndex((r) => r.contains(document.activeElement));
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  const link = /** @type {HTMLElement | null} */ (next?.querySelector('a[href]'));
  if (!link) return;
  e.preventDefault();
  link.focus();
  next?.scrollIntoView({ block: 'nearest' });
}
