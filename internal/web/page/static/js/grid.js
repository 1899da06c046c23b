// @ts-check
// The testing sheet: arrows move over the cells, T X N U mark, C writes a note, E names the evidence, R performs the test again. Marks
// stand at once and are sent in batches; one that somebody else made meanwhile comes back with who made it.
import { part, guard, toast } from './html.js';

const words = /** @type {Record<string, [string, string]>} */ ({ t: ['pass', 'Tested, no exception'], x: ['fail', 'Exception'], n: ['na', 'Not applicable'], '': ['', 'Not tested'] });
const most = 100;

class Grid extends HTMLElement {
  /** @type {Map<string, string>} marks that wait to be sent, by cell */
  waiting = new Map();
  /** @type {Map<string, string>} marks on their way */
  sent = new Map();
  /** @type {number | undefined} */
  timer;
  /** @type {number | undefined} */
  look;
  /** @type {HTMLElement | null} */
  at = null;
  busy = false;
  tried = 0;

  connectedCallback() {
    const first = this.querySelector('.mk[aria-selected]') ?? this.querySelector('.mk[data-cell][data-v=""]') ?? this.querySelector('.mk[data-cell]');
    if (first instanceof HTMLElement) this.choose(first, false);
    this.addEventListener('click', (e) => {
      const c = e.target instanceof Element ? e.target.closest('.mk[data-cell]') : null;
      if (!(c instanceof HTMLElement) || e.ctrlKey || e.metaKey) return;
      e.preventDefault();
      this.choose(c, true);
    });
    this.addEventListener('keydown', (e) => this.key(e));
    addEventListener('beforeunload', (e) => { if (this.waiting.size || this.sent.size) { this.flush(); e.preventDefault(); } });
    document.addEventListener('visibilitychange', () => { if (document.hidden) this.flush(); });
  }

  /** @returns {HTMLElement[][]} */
  rows() {
    return [...this.querySelectorAll('tbody tr')].map((r) => /** @type {HTMLElement[]} */ ([...r.querySelectorAll('.mk[data-cell]')])).filter((r) => r.length > 0);
  }

  /**
   * @param {HTMLElement} c
   * @param {boolean} focus
   */
  choose(c, focus) {
    if (this.at) { this.at.tabIndex = -1; this.at.removeAttribute('aria-selected'); this.at.closest('tr')?.classList.remove('cur'); }
    this.at = c;
    c.tabIndex = 0;
    c.setAttribute('aria-selected', 'true');
    c.closest('tr')?.classList.add('cur');
    if (focus) { c.focus(); c.scrollIntoView({ block: 'nearest', inline: 'nearest' }); }
    clearTimeout(this.look);
    this.look = window.setTimeout(() => this.peek(), focus ? 220 : 0);
  }

  /** Shows the cell beside the grid, once nothing newer is chosen. */
  peek() {
    const c = this.at;
    const to = document.getElementById('peek');
    if (!c || !to || to.contains(document.activeElement)) return;
    guard(part((this.dataset.cells ?? '') + c.dataset.cell, 'peek').then((got) => { if (got && this.at === c && got.response.ok) to.replaceChildren(got.node); }));
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    if (e.ctrlKey || e.metaKey || e.altKey || !this.at || document.body.dataset.keys === 'off') return;
    const rows = this.rows();
    const y = rows.findIndex((r) => r.includes(/** @type {HTMLElement} */ (this.at)));
    const x = rows[y]?.indexOf(this.at) ?? 0;
    const k = e.key.toLowerCase();
    /** @param {number} dy @param {number} dx */
    const move = (dy, dx) => {
      const row = rows[Math.min(Math.max(y + dy, 0), rows.length - 1)];
      const c = row?.[Math.min(Math.max(x + dx, 0), row.length - 1)];
      if (c) this.choose(c, true);
    };
    /** @type {Record<string, () => void>} */
    const does = {
      arrowdown: () => move(1, 0), arrowup: () => move(-1, 0), arrowleft: () => move(0, -1), arrowright: () => move(0, 1), home: () => move(e.shiftKey ? -rows.length : 0, -99), end: () => move(e.shiftKey ? rows.length : 0, 99),
      t: () => this.mark('t', rows, y, x), x: () => this.mark('x', rows, y, x), n: () => this.mark('n', rows, y, x), u: () => this.mark('', rows, y, x),
      enter: () => this.write('note'), c: () => this.write('note'), e: () => this.write('evidence'), r: () => { const b = document.querySelector('[data-fw-key="r"]'); if (b instanceof HTMLElement) b.click(); },
    };
    const f = does[k];
    if (!f) return;
    e.preventDefault();
    e.stopPropagation();
    f();
  }

  /** @param {string} field */
  write(field) {
    clearTimeout(this.look);
    const c = this.at;
    const to = document.getElementById('peek');
    if (!c || !to) return;
    this.flush();
    guard(part((this.dataset.cells ?? '') + c.dataset.cell, 'peek').then((got) => {
      if (!got) return;
      to.replaceChildren(got.node);
      const f = document.getElementById(`f-${field}`);
      if (f instanceof HTMLElement) f.focus();
    }));
  }

  /**
   * Makes a mark and moves on, to the right and then to the next row.
   * @param {string} v
   * @param {HTMLElement[][]} rows
   * @param {number} y
   * @param {number} x
   */
  mark(v, rows, y, x) {
    const c = this.at;
    if (!c || 'locked' in this.dataset) { toast('Nothing can be marked here now.'); return; }
    if (c.querySelector('sup:not(.nt)') && v !== 'x') { toast('A finding reports this exception.'); return; }
    this.put(c, v);
    const id = c.dataset.cell ?? '';
    this.waiting.set(id, v);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.flush(), this.waiting.size >= 25 ? 0 : 350);
    if (v === '') return;
    const next = rows[y]?.[x + 1] ?? rows[y + 1]?.[0];
    if (next) this.choose(next, true);
  }

  /**
   * @param {HTMLElement} c
   * @param {string} v
   */
  put(c, v) {
    const [icon, said] = words[v] ?? ['', ''];
    c.dataset.v = v;
    if (v) c.dataset.m = '';
    const a = c.querySelector('a');
    if (a) {
      if (icon) {
        const s = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
        const u = document.createElementNS('http://www.w3.org/2000/svg', 'use');
        const known = document.querySelector('svg use')?.getAttribute('href') ?? '#';
        u.setAttribute('href', known.replace(/#.*/, `#${icon}`));
        s.setAttribute('aria-hidden', 'true');
        s.append(u);
        a.replaceChildren(s);
      } else a.replaceChildren(document.createElement('i'));
    }
    c.setAttribute('aria-label', (c.getAttribute('aria-label') ?? '').replace(/:.*/, `: ${said}`));
    a?.setAttribute('aria-label', c.getAttribute('aria-label') ?? '');
    this.foot((c.dataset.cell ?? '').slice(-1));
  }

  /** @param {string} letter */
  foot(letter) {
    const f = this.querySelector(`[data-foot="${letter}"]`);
    const cells = [...this.querySelectorAll('.mk[data-cell]')].filter((c) => c instanceof HTMLElement && c.dataset.cell?.endsWith(letter));
    /** @param {string} v */
    const n = (v) => cells.filter((c) => c instanceof HTMLElement && c.dataset.v === v).length;
    /** @param {string} q @param {number} to */
    const set = (q, to) => { const e = f?.querySelector(q); if (e) e.textContent = String(to); };
    set('[data-ok]', n('t'));
    set('[data-of]', cells.length - n('n'));
    set('[data-n]', n('x'));
    const e = f?.querySelector('[data-exc]');
    if (e instanceof HTMLElement) e.hidden = n('x') === 0;
  }

  /** Sends what waits; one batch at a time, so that versions follow each other. */
  flush() {
    clearTimeout(this.timer);
    if (this.busy || this.waiting.size === 0) return;
    this.busy = true;
    for (const [id, v] of [...this.waiting].slice(0, most)) { this.sent.set(id, v); this.waiting.delete(id); }
    const body = new URLSearchParams({ csrf: String(new FormData(/** @type {HTMLFormElement} */ (this.querySelector('form'))).get('csrf') ?? '') });
    for (const [id, v] of this.sent) body.append('m', `${id.slice(0, -1)}:${id.slice(-1)}:${v}:${this.cell(id)?.dataset.b ?? '0'}`);
    fetch(this.dataset.marks ?? '', { method: 'POST', body, headers: { 'Tm-Target': 'marks', Accept: 'application/json' }, keepalive: true }).then(async (r) => {
      if (!(r.headers.get('Content-Type') ?? '').startsWith('application/json')) {
        toast('The marks were not taken. The page is loaded again.');
        this.sent.clear(); this.waiting.clear();
        location.reload();
        return;
      }
      this.take(/** @type {{kept: Mark[], stale: Mark[], problem: string}} */ (await r.json()));
      this.tried = 0;
    }).catch(() => {
      for (const [id, v] of this.sent) if (!this.waiting.has(id)) this.waiting.set(id, v);
      if (this.tried++ === 0) toast('The server does not answer. Your marks are kept here and sent again.');
    }).finally(() => {
      this.sent.clear();
      this.busy = false;
      if (this.waiting.size) this.timer = window.setTimeout(() => this.flush(), this.tried ? Math.min(1000 * 2 ** this.tried, 15000) : 0);
    });
  }

  /** @typedef {{cell: string, mark: string, base: number, by?: string}} Mark */

  /** @param {{kept: Mark[], stale: Mark[], problem: string}} got */
  take(got) {
    for (const k of got.kept) { const c = this.cell(k.cell); if (c) c.dataset.b = String(k.base); }
    for (const s of got.stale) {
      const c = this.cell(s.cell);
      this.waiting.delete(s.cell);
      if (!c) continue;
      c.dataset.b = String(s.base);
      this.put(c, s.mark);
      c.classList.add('theirs');
      toast(`${s.by ?? 'Somebody'} marked ${s.cell} meanwhile: ${(words[s.mark] ?? ['', ''])[1]}. Mark again to overwrite.`);
    }
    if (got.problem) { toast(got.problem.trim()); setTimeout(() => location.reload(), 1500); }
    const tab = document.querySelector('.tabs [aria-current="page"]');
    const all = [...this.querySelectorAll('.mk[data-cell]')];
    const done = all.filter((c) => c instanceof HTMLElement && c.dataset.v !== '').length;
    if (tab) tab.textContent = `Testing ${done} of ${all.length}`;
    const said = this.querySelector('[data-said]');
    if (said) said.textContent = `${got.kept.length} kept, ${done} of ${all.length}`;
  }

  /** @param {string} id */
  cell(id) { return /** @type {HTMLElement | null} */ (this.querySelector(`[data-cell="${id}"]`)); }
}

customElements.define('tm-grid', Grid);
