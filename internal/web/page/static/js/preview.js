// @ts-check
// data-preview="field-id": while somebody writes Markdown in the field, the server draws it into this part.
import { part, guard } from './html.js';

const wait = 350;
let timer = 0;

/** @param {HTMLTextAreaElement} field */
async function draw(field) {
  const old = document.querySelector('[data-preview]');
  const token = field.form?.querySelector('input[name="csrf"]');
  if (!old || !(token instanceof HTMLInputElement)) return;
  const got = await part('/policies/preview', old.id, { method: 'POST', body: new URLSearchParams({ csrf: token.value, body: field.value }) });
  const next = got?.node.querySelector(`#${old.id}`);
  if (next) old.replaceWith(next);
}

const field = document.getElementById(document.querySelector('[data-preview]')?.getAttribute('data-preview') ?? '');
if (field instanceof HTMLTextAreaElement) {
  field.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(() => guard(draw(field)), wait); });
  if (field.value !== field.defaultValue) guard(draw(field)); // written before this was here
  // Both sides are at the same share of their text.
  field.addEventListener('scroll', () => {
    const box = document.querySelector('.preview-body');
    if (box) box.scrollTop = (box.scrollHeight - box.clientHeight) * (field.scrollTop / Math.max(1, field.scrollHeight - field.clientHeight));
  }, { passive: true });
}
