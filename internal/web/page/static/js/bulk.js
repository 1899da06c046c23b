// @ts-check
// Tick boxes of lists: all at once, a range with Shift, the number in the bar.

/** @returns {HTMLInputElement[]} */
const boxes = () => [...document.querySelectorAll('input[name="tick"]')].map((b) => /** @type {HTMLInputElement} */ (b));

/** @type {HTMLInputElement | null} */
let last = null;

function update() {
  const all = boxes();
  const n = all.filter((b) => b.checked).length;
  for (const c of document.querySelectorAll('[data-bulk-count]')) c.textContent = String(n);
  const head = /** @type {HTMLInputElement | null} */ (document.querySelector('[data-tick-all]'));
  if (head) { head.checked = n > 0 && n === all.length; head.indeterminate = n > 0 && n < all.length; }
}

/**
 * Ticks a row, or with a range everything from the last one ticked.
 * @param {HTMLInputElement} box
 * @param {boolean} range
 */
export function tick(box, range) {
  const all = boxes();
  if (range && last && all.includes(last)) {
    const [a, b] = [all.indexOf(last), all.indexOf(box)].sort((x, y) => x - y);
    for (const x of all.slice(a, (b ?? 0) + 1)) x.checked = box.checked;
  }
  last = box;
  update();
}

document.addEventListener('click', (e) => {
  const t = e.target;
  if (t instanceof HTMLInputElement && t.name === 'tick') tick(t, e.shiftKey);
  else if (t instanceof HTMLInputElement && 'tickAll' in t.dataset) { for (const b of boxes()) b.checked = t.checked; update(); } else if (t instanceof Element && t.closest('[data-bulk-clear]')) {
    e.preventDefault();
    for (const b of boxes()) b.checked = false;
    update();
  }
});
addEventListener('pageshow', update);
update();
