// @ts-check
// The queue of alerts by key: A acknowledges, I makes an incident, of the row in focus or of the alert the page is about.
const root = document.querySelector('[data-watch]');

document.addEventListener('keydown', (e) => {
  const key = e.key.toLowerCase();
  if (!root || key !== 'a' && key !== 'i' || e.ctrlKey || e.metaKey || e.altKey || e.shiftKey || e.defaultPrevented || document.body.dataset.keys === 'off') return;
  const t = e.target;
  if (t instanceof HTMLElement && (t.isContentEditable || t.matches('textarea,select,input:not([type=checkbox]):not([type=radio])') || t.closest('dialog'))) return;
  const row = document.activeElement?.closest('tr');
  const to = /** @type {HTMLElement | null} */ ((row ?? (root.querySelector('tbody tr[data-level]') ? null : document))?.querySelector(`[data-k="${key}"]`) ?? null);
  if (!to) return;
  e.preventDefault();
  to.click();
});
