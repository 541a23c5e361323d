// What every screen is built from: the bar, the street, buttons, notes, the foot with the one next action.

import { h, icon, win } from './dom.js';
import { windowOf } from './merge.js';
import { changed, state, trouble, view, waiting } from './state.js';
import { clockTime, t } from './words.js';

const AGAIN_MS = 600;
const INERT_MS = 400;
const quiet = { until: 0, shown: '', timer: 0 };

/** For so long no button changes anything; the page says so. */
function quieten(ms) {
  quiet.until = Math.max(quiet.until, performance.now() + ms);
  document.documentElement.dataset.inert = '';
  clearTimeout(quiet.timer);
  quiet.timer = setTimeout(() => delete document.documentElement.dataset.inert, quiet.until - performance.now());
}

/** Goes to a screen: `next`, `list`, `call/dlv_…`. */
export function go(route) {
  state.error = null;
  if (location.hash === '#/' + route) changed();
  else location.hash = '/' + route;
}

/** A press that changes something: a second one right after it, or one under a button that has just changed, is not meant. */
export function once(work) {
  return async (event) => {
    if (event) event.preventDefault();
    if (performance.now() < quiet.until) return;
    quieten(AGAIN_MS);
    await work(event);
  };
}

/** Called after drawing: when the next action has changed under the finger, it is inert for a moment. */
export function settleNext(root) {
  const shown = root.querySelector('.next') ? root.querySelector('.next').dataset.act : '';
  if (shown !== quiet.shown) quieten(INERT_MS);
  quiet.shown = shown;
}

/** THE next action. `act` names it; `opens` is when it opens; `href` makes it a link. */
export function next({ act, big, small, sign, press, href, opens, shut, brick }) {
  const inner = [h('span', {}, h('b', {}, big), h('span', opens ? { 'data-opens': opens } : {}, small || '')), sign && icon(sign)];
  const attrs = { class: brick ? 'next next--brick' : 'next', 'data-act': act, id: 'next-action' };
  if (href) return h('a', { ...attrs, href, onclick: press }, inner);
  return h('button', { ...attrs, type: 'button', 'aria-disabled': shut ? 'true' : false, onclick: once(shut ? () => {} : press) }, inner);
}

/** A plain button, or a link where there is an address. */
export function button(text, { sign, press, href, id, look = '', label, pressed } = {}) {
  const attrs = { class: 'btn ' + look, id, 'aria-label': label, 'aria-pressed': pressed };
  const inner = [sign && icon(sign, sign === 'nav' || sign === 'back'), text];
  return href ? h('a', { ...attrs, href, onclick: press }, inner) : h('button', { ...attrs, type: 'button', onclick: press && once(press) }, inner);
}

/** A row of up to three buttons. */
export const trio = (...buttons) => h('div', { class: 'trio' }, buttons);

/** A coloured note: lamp (home only), action, brick, dusk. */
export const note = (look, sign, ...inner) => h('div', { class: 'note note--' + look }, typeof sign === 'string' ? icon(sign) : sign, h('div', {}, inner));

/** A fact in a list of facts. */
export const fact = (sign, ...inner) => h('li', {}, icon(sign), h('span', {}, inner));

/** The box an error stands in; the focus goes there. */
export function errorBox(words) {
  return words && h('div', { class: 'note note--brick', id: 'error', role: 'alert', tabindex: '-1' }, icon('warn'), h('p', {}, words));
}

function chip() {
  const count = waiting().length;
  if (trouble().length) return h('a', { class: 'sync sync--bad', href: '#/waiting' }, icon('warn'), t('bar.trouble', { n: trouble().length }));
  if (!state.signal || !navigator.onLine) return h('a', { class: 'sync sync--wait', href: '#/waiting' }, icon('off'), count ? t('bar.offline_count', { n: count }) : t('bar.offline'));
  return h('a', { class: 'sync', href: '#/waiting' }, icon(count ? 'up' : 'check'), count ? t('bar.sending', { n: count }) : t('bar.sent'));
}

/** The bar on top. `back` is a route; without one the menu stands there. */
export function bar(text, back) {
  const left = back === null ? h('span') : back ? h('a', { href: '#/' + back, 'aria-label': t('back') }, icon('back', true)) : h('a', { href: '#/menu', 'aria-label': t('menu.title') }, icon('menu'));
  return h('div', { class: 'bar' }, left, h('p', {}, text), state.session ? chip() : h('a', { href: '#/menu' }, icon('globe'), t('menu.language')));
}

/** One house per stop: what was done today, then what is ahead. Pick-ups are the shops between them. */
export function street(currentId) {
  const past = state.done.map((one) => [one.how, null]);
  const ahead = view().stops.map((stop) => [windowOf(stop), stop]);
  const at = ahead.findIndex(([, stop]) => stop.delivery_id === currentId);
  const says = t('street', { n: past.length + ahead.length, done: past.length, at: past.length + at + 1 });
  const house = ([look, stop], place) => h('li', { 'aria-current': stop && place === past.length + at ? 'step' : false }, win(look));
  return h('ol', { class: 'street', tabindex: '0', 'aria-label': says }, [...past, ...ahead].map(house));
}

/** A whole screen. */
export function screen({ top, above, body, thumb, name }) {
  return h('div', { class: 'scr', 'data-screen': name },
    h('header', { class: 'top' }, top, above),
    h('main', { class: 'body', id: 'main' }, stale(), body),
    thumb && h('footer', { class: 'thumb' }, thumb));
}

/** How old what is shown is, once that is more than a minute. */
function stale() {
  const old = state.session && state.contact && !state.signal && Date.now() - state.contact.wall > 60000;
  return old && h('p', { class: 'stale muted small' }, t('as_of', { time: clockTime(state.contact.wall) }));
}

/** Order numbers, short enough to say aloud. */
export const shortId = (id) => id.slice(-5).toUpperCase();
/** Text that keeps its direction: numbers, codes, names. */
export const bdi = (text) => h('bdi', {}, text);
/** The heading of a screen; it takes the focus when the screen is new. */
export const head = (...inner) => h('h1', { class: 'addr', tabindex: '-1' }, inner);
/** The name by which a customer is called. */
export const calledName = (stop) => (stop.receiver || stop.customer || { name: stop.pickup_point.name }).name;
