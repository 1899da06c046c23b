// @ts-check
// data-picks="field-id": a list of identifiers to look up becomes buttons that put them into the field and take them out.

/** @param {string} s */
const split = (s) => s.split(/[\s,;]+/).filter(Boolean);

for (const box of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-picks]'))) {
  const field = /** @type {HTMLTextAreaElement | null} */ (document.getElementById(box.dataset.picks ?? ''));
  if (!field) continue;
  const items = /** @type {HTMLElement[]} */ ([...box.querySelectorAll('li[data-id]')]);
  const mark = () => {
    const have = new Set(split(field.value));
    for (const li of items) {
      const on = have.has(li.dataset.id ?? '');
      li.toggleAttribute('data-picked', on);
      li.firstElementChild?.setAttribute('aria-pressed', String(on));
    }
  };
  for (const li of items) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...li.childNodes);
    li.append(button);
    button.addEventListener('click', () => {
      const id = li.dataset.id ?? '';
      const have = split(field.value);
      field.value = (have.includes(id) ? have.filter((x) => x !== id) : [...have, id]).join(' ');
      mark();
    });
  }
  field.addEventListener('input', mark);
  mark();
}
