// Drawing: elements, icons and windows. Text goes in as text only.

const SVG = new Set(['svg', 'path', 'use', 'circle', 'text', 'g']);

/** An element. `on…` names a listener, true sets a bare attribute, false, null and undefined leave it out. */
export function h(tag, attrs, ...kids) {
  const node = SVG.has(tag) ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attrs || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...kids.flat(9).filter((kid) => kid !== null && kid !== undefined && kid !== false));
  return node;
}

/** An icon of the sheet in the page. */
export function icon(name, flip) {
  return h('svg', { class: flip ? 'i flip' : 'i', 'aria-hidden': 'true' }, h('use', { href: '#i-' + name }));
}

const MARKS = {
  done: 'm7.5 17.5 4 4 7.5-9', later: 'M13 11v7l4.5 2.5', dark: 'M5.5 27 20.5 9.5',
  back: 'M18 21v-3a4 4 0 0 0-4-4H8m3.5-4L7.5 14l4 4', shop: 'M8 26v-8h10v8M7 13h12',
};

/** The window of a home: ask, lit, later, dark, done, back; or shop. Shape differs as well as colour. */
export function win(look) {
  const parts = [h('path', { class: 'pane', d: 'M2 30V13a11 11 0 0 1 22 0v17z' }), h('path', { class: 'bar', d: 'M13 3v27M2.5 17h21' })];
  if (MARKS[look]) parts.push(h('path', { class: 'mark', d: MARKS[look] }));
  return h('svg', { class: 'win', 'data-s': look, viewBox: '0 0 26 32', 'aria-hidden': 'true' }, parts);
}

/** A ring that empties; the ticker fills in the text. */
export function ring(until, whole) {
  return h('svg', { class: 'ring', viewBox: '0 0 92 92', 'data-ring': until, 'data-whole': whole, 'aria-hidden': 'true' },
    h('circle', { class: 'a', cx: 46, cy: 46, r: 38 }), h('circle', { class: 'b', cx: 46, cy: 46, r: 38 }), h('text', { x: 46, y: 47 }));
}
