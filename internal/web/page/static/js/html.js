// @ts-check
// The one place where text from the server becomes part of the page.

/** @type {{createHTML(s: string): string | TrustedHTML}} */
const policy = window.trustedTypes?.createPolicy('tickmark', { createHTML: (s) => s }) ?? { createHTML: (s) => s };

/**
 * Parses HTML that our own server made.
 * @param {string} text
 * @returns {DocumentFragment}
 */
export function parse(text) {
  const t = document.createElement('template');
  t.innerHTML = /** @type {string} */ (policy.createHTML(text));
  return t.content;
}

/** @type {Map<string, AbortController>} */
const running = new Map();

/**
 * Asks the server for a part of a page. A newer question for the same part ends the older one.
 * @param {string} url
 * @param {string} target name of the part
 * @param {RequestInit} [init]
 * @returns {Promise<{response: Response, node: DocumentFragment} | null>} null when the browser is going elsewhere
 */
export async function part(url, target, init = {}) {
  running.get(target)?.abort();
  const stop = new AbortController();
  running.set(target, stop);
  const response = await fetch(url, { ...init, signal: stop.signal, headers: { 'Tm-Target': target, Accept: 'text/html' } });
  const elsewhere = response.headers.get('Tm-Location');
  if (elsewhere) {
    const to = new URL(elsewhere, location.href);
    const samePage = to.hash !== '' && to.pathname === location.pathname && to.search === location.search;
    location.assign(to);
    if (samePage) location.reload(); // else the browser would only move to the place on the page
    return null;
  }
  return { response, node: parse(await response.text()) };
}

/**
 * Shows a sentence for a while.
 * @param {string} words
 * @param {{href: string, text: string}} [link]
 */
export function toast(words, link) {
  const t = document.createElement('div');
  t.className = 'toast';
  t.append(words);
  if (link) {
    const a = document.createElement('a');
    a.href = link.href; a.textContent = link.text; a.target = '_blank'; a.rel = 'noopener';
    t.append(' ', a);
  }
  document.getElementById('toasts')?.append(t);
  setTimeout(() => t.remove(), link ? 20000 : 5000);
}

/**
 * Reports what went wrong, unless it was a newer question that ended this one.
 * @param {Promise<unknown>} work
 */
export function guard(work) {
  work.catch((e) => {
    if (e instanceof Error && e.name === 'AbortError') return;
    toast('The server did not answer. Check the connection and try again.');
  });
}

/**
 * The address a GET form leads to; empty fields stay out of it.
 * @param {HTMLFormElement} form
 */
export function formURL(form) {
  const q = new URLSearchParams();
  for (const [k, v] of new FormData(form)) if (typeof v === 'string' && v !== '') q.append(k, v);
  const action = form.getAttribute('action') ?? location.pathname; // form.action may be a field of that name
  const path = action.split('?')[0] ?? action;
  const s = q.toString();
  return s ? `${path}?${s}` : path;
}
