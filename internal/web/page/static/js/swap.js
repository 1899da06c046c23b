// @ts-check
// data-swap="#id" on links and GET forms: only that part of the page is replaced, and the address follows.
import { part, guard, formURL } from './html.js';

/**
 * @param {string} url
 * @param {string} selector
 * @param {boolean} push whether the step goes into the history
 */
export async function swap(url, selector, push) {
  const old = document.querySelector(selector);
  if (!old) { location.assign(url); return; }
  const slow = setTimeout(() => old.setAttribute('aria-busy', 'true'), 150);
  try {
    const got = await part(url, selector.slice(1));
    if (!got) return;
    const next = got.node.querySelector(selector);
    if (!next) { location.assign(url); return; } // an error, or a page that has changed: show it whole
    const within = old.contains(document.activeElement);
    const href = document.activeElement instanceof HTMLAnchorElement ? document.activeElement.textContent : null;
    old.replaceWith(next);
    if (push) history.pushState({ swap: selector }, '', url); else history.replaceState({ swap: selector }, '', url);
    if (within && href) {
      const again = [...next.querySelectorAll('a[data-swap]')].find((a) => a.textContent === href);
      /** @type {HTMLElement | null} */ (again ?? next.querySelector('[tabindex="0"]'))?.focus();
    }
  } finally {
    clearTimeout(slow);
    old.removeAttribute('aria-busy');
  }
}

let timer = 0;
document.addEventListener('input', (e) => {
  const field = /** @type {HTMLInputElement} */ (e.target);
  const form = field.form;
  const into = form?.dataset.swap;
  if (!form || !into || !('live' in form.dataset)) return;
  clearTimeout(timer);
  timer = setTimeout(() => guard(swap(formURL(form), into, false)), field.type === 'search' ? 140 : 0);
});
document.addEventListener('submit', (e) => {
  const form = /** @type {HTMLFormElement} */ (e.target);
  if (!form.dataset.swap) return;
  e.preventDefault();
  clearTimeout(timer);
  guard(swap(formURL(form), form.dataset.swap, false));
});
document.addEventListener('click', (e) => {
  if (e.ctrlKey || e.metaKey || e.shiftKey || e.altKey || e.button || e.defaultPrevented) return;
  const a = /** @type {HTMLAnchorElement | null} */ (/** @type {Element} */ (e.target).closest('a[data-swap]'));
  if (!a) return;
  e.preventDefault();
  guard(swap(a.href, a.dataset.swap ?? '', true));
});
// Going back over swapped steps loads the page of that address: the fields of the filter must fit it.
addEventListener('popstate', (e) => { if (e.state?.swap || history.state === null) location.reload(); });
