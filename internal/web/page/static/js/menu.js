// @ts-check
// Menus close when something else is clicked or Escape is pressed; the choice of appearance takes effect at once.

/** @param {Node | null} except */
function closeMenus(except) {
  for (const d of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll('details.menu[open]'))) if (!d.contains(except)) d.open = false;
}
document.addEventListener('click', (e) => closeMenus(/** @type {Node} */ (e.target)));
document.addEventListener('keydown', (e) => {
  if (e.key !== 'Escape') return;
  const open = /** @type {HTMLDetailsElement | null} */ (document.querySelector('details.menu[open]'));
  if (!open) return;
  open.open = false;
  open.querySelector('summary')?.focus();
});
document.addEventListener('submit', (e) => {
  const form = /** @type {HTMLFormElement} */ (e.target);
  if (!('themeForm' in form.dataset)) return;
  e.preventDefault();
  const theme = /** @type {HTMLButtonElement | null} */ (e.submitter)?.value ?? 'system';
  const root = document.documentElement;
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  if (theme === 'system') { delete root.dataset.theme; document.cookie = `tm_theme=; Path=/; Max-Age=0; SameSite=Lax${secure}`; } else { root.dataset.theme = theme; document.cookie = `tm_theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`; }
  for (const b of form.querySelectorAll('button[name=theme]')) b.setAttribute('aria-pressed', String(/** @type {HTMLButtonElement} */ (b).value === (theme)));
  closeMenus(null);
});
