// @ts-check
// Every link and form of the pages works without scripts. These modules only make them quicker: parts are swapped instead
// of pages, panels open at the side, lists filter while one types, keys move about.
import './swap.js';
import './panel.js';
import './menu.js';
import './keys.js';
import './copy.js';
import './open.js';
import './later.js';
