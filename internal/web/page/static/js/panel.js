// @ts-check
// data-panel on links and POST forms: the answer opens in the one dialog at the side.
import { part, guard, toast } from './html.js';

const panel = /** @type {HTMLDialogElement | null} */ (document.getElementById('panel'));

/**
 * @param {string} url
 * @param {RequestInit} [init]
 */
async function open(url, init) {
  if (!panel) { location.assign(url); return; }
  const got = await part(url, 'panel', init);
  if (!got) return;
  const signIn = got.response.headers.get('Tm-Sign-In');
  if (signIn) { toast('You are signed out; nothing is lost.', { href: signIn, text: 'Sign in, then send again' }); return; }
  const token = got.response.headers.get('Tm-Token');
  const field = /** @type {HTMLInputElement | null} */ (panel.querySelector('input[name=csrf]'));
  if (token && field) { // signed in again meanwhile: what was written stays, and whoever is here now sends it
    field.value = token;
    toast(`You are signed in as ${decodeURIComponent(got.response.headers.get('Tm-User') ?? '')}. Send it once more.`);
    return;
  }
  const type = got.response.headers.get('Content-Type') ?? '';
  if (!type.startsWith('text/html')) { location.assign(url); return; }
  panel.replaceChildren(got.node);
  const heading = panel.querySelector('h1,h2');
  panel.setAttribute('aria-label', heading?.textContent ?? 'Details');
  if (!panel.open) panel.showModal();
  /** @type {HTMLElement | null} */ (panel.querySelector('[aria-invalid="true"]') ?? panel.querySelector('[autofocus]') ?? panel.querySelector('input:not([type=hidden]),select,textarea,button[type=submit]'))?.focus();
}

document.addEventListener('click', (e) => {
  const t = /** @type {Element} */ (e.target);
  if (panel?.open && (t.closest('[data-close]') || t === panel)) { panel.close(); return; }
  if (e.ctrlKey || e.metaKey || e.shiftKey || e.altKey || e.button || e.defaultPrevented) return;
  const a = /** @type {HTMLAnchorElement | null} */ (t.closest('a[data-panel]'));
  if (!a) return;
  e.preventDefault();
  guard(open(a.href));
});
document.addEventListener('submit', (e) => {
  const form = /** @type {HTMLFormElement} */ (e.target);
  const button = /** @type {HTMLButtonElement | null} */ (e.submitter);
  if (form.method === 'post' && !('plain' in form.dataset)) once(e, form); // data-plain: the answer is a file, and the page stays
  const within = 'panel' in form.dataset && form.closest('dialog') !== null;
  if (e.defaultPrevented || !(within || button && 'inPanel' in button.dataset)) return;
  if (form.enctype === 'multipart/form-data' && !within) return;
  e.preventDefault();
  const data = new FormData(form, button);
  let body = /** @type {URLSearchParams | FormData} */ (data);
  if (form.enctype !== 'multipart/form-data') {
    body = new URLSearchParams();
    for (const [k, v] of data) if (typeof v === 'string') body.append(k, v);
  }
  const to = button?.hasAttribute('formaction') ? button.formAction : form.action;
  guard(open(to, { method: 'POST', body }).finally(() => release(form)));
});

/** @type {WeakSet<HTMLFormElement>} */
const sending = new WeakSet();

/**
 * Keeps a form from being sent twice by a double click.
 * @param {Event} e
 * @param {HTMLFormElement} form
 */
function once(e, form) {
  if (sending.has(form)) { e.preventDefault(); return; }
  sending.add(form);
  form.querySelector('[data-once]')?.setAttribute('aria-busy', 'true');
}

/** @param {HTMLFormElement} form */
function release(form) {
  sending.delete(form);
  form.querySelector('[data-once]')?.removeAttribute('aria-busy');
}
// A page that comes back from the browser's memory can send its forms again.
addEventListener('pageshow', () => { for (const f of document.forms) release(f); });
