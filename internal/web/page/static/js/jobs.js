// @ts-check
// Jobs under way, live: one connection while a page shows one and is looked at. Without it a link loads the page again.
import { parse } from './html.js';

/** @typedef {{id: string, state: string, part: string, whole: string}} Change */

/** @type {EventSource | null} */
let source = null;

/** Whether something on the page runs. */
const following = () => document.querySelector('[data-live-jobs],[data-job]:not([data-job=""])[data-state="queued"],[data-job]:not([data-job=""])[data-state="running"]') !== null;

export function follow() {
  if (source || document.hidden || !following()) return;
  source = new EventSource('/jobs/events');
  source.addEventListener('job', (e) => show(/** @type {Change} */ (JSON.parse(e.data))));
  source.addEventListener('count', (e) => count(Number(e.data)));
  source.addEventListener('idle', () => { count(0); stop(); });
}

function stop() { source?.close(); source = null; }

/** @param {Change} c */
function show(c) {
  if (location.pathname === `/jobs/${c.id}` && document.querySelector(`[data-job="${CSS.escape(c.id)}"]:not([data-state="${CSS.escape(c.state)}"])`)) { location.reload(); return; }
  for (const el of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`[data-job="${CSS.escape(c.id)}"]`))) {
    if (el.dataset.state === c.state) {
      el.querySelector('.live-state')?.replaceWith(parse(c.part));
      continue;
    }
    const next = parse(c.whole);
    const ended = c.state !== 'running' && c.state !== 'queued';
    if (ended) {
      const again = document.createElement('a');
      again.className = 'btn sm';
      again.href = location.href;
      again.textContent = 'Show what is new';
      next.querySelector('.live-acts')?.prepend(again);
    }
    el.replaceWith(next);
  }
}

/** @param {number} n */
function count(n) {
  const sign = document.getElementById('jobs-sign');
  if (!sign) return;
  const number = sign.querySelector('span:last-child');
  if (n > 0 && number) { number.textContent = String(n); return; }
  if (n === 0) { sign.replaceChildren(); delete sign.dataset.liveJobs; }
}

document.addEventListener('visibilitychange', () => { if (document.hidden) stop(); else follow(); });
addEventListener('pagehide', stop);
addEventListener('pageshow', follow);
follow();
