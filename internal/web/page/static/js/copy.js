// @ts-check
// data-copy on buttons: puts its text on the clipboard.
import { toast } from './html.js';

document.addEventListener('click', (e) => {
  const b = /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest('[data-copy]'));
  if (!b) return;
  navigator.clipboard.writeText(b.dataset.copy ?? '').then(() => toast('Copied'), () => toast('The browser did not allow copying.'));
});
