// @ts-check
// What only some pages need is loaded when there is something for it: on the page, or in what arrives later.
import { guard } from './html.js';

/** @type {[string, () => Promise<unknown>][]} */
const waiting = [
  ['[data-live-jobs],[data-job]', () => import('./jobs.js')],
  ['input[name="tick"]', () => import('./bulk.js')],
  ['[data-picks]', () => import('./picks.js')],
  ['[data-narrow]', () => import('./narrow.js')],
  ['[data-preview]', () => import('./preview.js')],
  ['[data-decide]', () => import('./review.js')],
  ['[data-watch]', () => import('./watch.js')],
  ['tm-grid', () => import('./grid.js')],
];

function look() {
  for (const x of [...waiting]) {
    if (!document.querySelector(x[0])) continue;
    waiting.splice(waiting.indexOf(x), 1);
    guard(x[1]());
  }
}

new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
look();
