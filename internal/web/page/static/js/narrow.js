// @ts-check
// data-narrow: a long list of boxes gets a field that hides what does not match. What is ticked always stays in sight.

for (const box of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-narrow]'))) setUp(box);

// Panels arrive later.
new MutationObserver((changes) => {
  for (const c of changes) {
    for (const n of c.addedNodes) {
      if (n instanceof HTMLElement) for (const box of /** @type {NodeListOf<HTMLElement>} */ (n.querySelectorAll('[data-narrow]'))) setUp(box);
    }
  }
}).observe(document.body, { childList: true, subtree: true });

/** @param {HTMLElement} box */
function setUp(box) {
  const field = /** @type {HTMLInputElement | null} */ (box.querySelector('[data-narrow-by]'));
  if (!field || !field.hidden) return;
  field.hidden = false;
  const labels = /** @type {HTMLLabelElement[]} */ ([...box.querySelectorAll('label:has(input)')]);
  field.addEventListener('input', () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const l of labels) {
      const text = (l.textContent ?? '').toLowerCase();
      const ticked = /** @type {HTMLInputElement | null} */ (l.querySelector('input'))?.checked;
      l.hidden = !ticked && !words.every((w) => text.includes(w));
    }
  });
  field.addEventListener('keydown', (e) => { if (e.key === 'Enter') e.preventDefault(); }); // it narrows, it does not send
}
