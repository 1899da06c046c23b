// @ts-check
// Opens the palette: Ctrl or Cmd with K, from anywhere. What it does then is another module, which few pages ever load.
import { guard } from './html.js';

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById('palette'));
const input = /** @type {HTMLInputElement | null} */ (dialog?.querySelector('input') ?? null);

/** @typedef {{href: string, ref: string, title: string, kind: string}} Recent */

const store = `tm_recent ${document.body.dataset.who ?? ''}`;
const kept = 8;

/** @returns {Recent[]} */
export function recent() {
  try { return JSON.parse(localStorage.getItem(store) ?? '[]'); } catch { return []; }
}

/** @param {Recent} x */
export function remember(x) {
  try { localStorage.setItem(store, JSON.stringify([x, ...recent().filter((y) => y.href !== x.href)].slice(0, kept))); } catch { /* a browser that keeps nothing */ }
}

function open() {
  if (!dialog || !input || document.body.dataset.who === '') return;
  input.value = '';
  if (!dialog.open) dialog.showModal();
  input.focus();
  guard(import('./palette.js').then((m) => m.openPalette(input.value))); // what was typed meanwhile stays
}

document.addEventListener('keydown', (e) => {
  if ((e.ctrlKey || e.metaKey) && !e.shiftKey && !e.altKey && e.key.toLowerCase() === 'k') { e.preventDefault(); if (dialog?.open) dialog.close(); else open(); }
});
for (const el of document.querySelectorAll('[data-palette]')) {
  el.addEventListener('mousedown', (e) => { if (!(/** @type {MouseEvent} */ (e)).button) { e.preventDefault(); open(); } });
  el.addEventListener('click', (e) => { const m = /** @type {MouseEvent} */ (e); if (!m.ctrlKey && !m.metaKey) e.preventDefault(); });
  el.addEventListener('keydown', (e) => {
    const k = /** @type {KeyboardEvent} */ (e);
    if (k.key === 'Enter' && !(el instanceof HTMLInputElement && el.value)) { e.preventDefault(); open(); }
  });
}

// A page of a record is one that may be wanted again.
const crumbs = document.querySelectorAll('.crumbs > a:not(.org)').length;
const heading = document.querySelector('.page-head h1');
if (crumbs > 0 && heading && document.body.dataset.who) {
  const ref = document.querySelector('.page-head .ref > span:first-child:not(.st)')?.textContent?.trim() ?? '';
  remember({ href: location.pathname, ref, title: heading.textContent?.trim() ?? '', kind: document.querySelector('.crumbs > a:not(.org)')?.textContent?.trim() ?? '' });
}
