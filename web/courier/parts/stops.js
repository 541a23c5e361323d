// C5, C17 and C4: the stop in front with its one next action, all stops, and offers.

import { h, icon, ring, win } from './dom.js';
import { bar, bdi, button, calledName, errorBox, fact, go, head, next, note, screen, shortId, street, trio } from './frame.js';
import { problem } from './enter.js';
import { together, windowOf } from './merge.js';
import { changed, demand, load, now, press, refresh, state, stopOf, undo, view } from './state.js';
import { clockTime, says, t } from './words.js';

/** What the customer has said, and since when, with the window of the promise. */
export function homeNote(stop) {
  if (stop.kind !== 'drop_off') return null;
  const look = windowOf(stop);
  const { answer } = stop;
  const outcome = answer && stop.gate !== 'asked' ? 'said.' + answer.outcome : '';
  const from = answer && answer.from ? clockTime(answer.from) : '';
  const until = answer && answer.until ? clockTime(answer.until) : '';
  const title = says(outcome) ? t(outcome, { from, until, day: answer.day || '' }) : t('gate.' + stop.gate);
  const small = answer ? t('said.at', { time: clockTime(answer.at), by: t('source.' + answer.source) }) : null;
  const promised = stop.window ? clockTime(stop.window.from) + '–' + clockTime(stop.window.until) : clockTime(stop.promised_by);
  const late = stop.planned_arrival && Date.parse(stop.planned_arrival) > Date.parse(stop.window ? stop.window.until : stop.promised_by);
  return h('div', { class: 'note home note--' + ({ lit: 'lamp', dark: 'brick', later: 'dusk' }[look] || 'plain'), role: 'status' }, win(look),
    h('div', {}, h('b', {}, title), small && h('p', {}, small), answer && answer.note && h('p', {}, '“', bdi(answer.note), '”')),
    h('p', { class: 'slot num' }, promised, h('small', {}, t(late ? 'stop.late' : 'stop.on_time'))));
}

/** How to get in, what to watch for. */
export function facts(stop) {
  const list = [];
  if (stop.note) list.push(fact('door', bdi(stop.note)));
  if (stop.address_told) list.push(fact('home', bdi(stop.address_told)));
  for (const need of stop.needs) list.push(fact(need === 'cash' ? 'wallet' : 'warn', t('need.' + need)));
  if (stop.kind === 'drop_off' && !stop.needs.includes('cash')) list.push(fact('wallet', t('stop.paid')));
  if (stop.kind === 'return') list.push(fact('wallet', t('return.not_taken')));
  return h('ul', { class: 'facts' }, list);
}

const mapLink = (stop) => {
  const where = stop.point ? stop.point.lat + ',' + stop.point.lon : '0,0';
  const apple = /iPhone|iPad|Macintosh/.test(navigator.userAgent);
  return apple ? 'maps:?q=' + encodeURIComponent(stop.address) + '&ll=' + where : 'geo:' + where + '?q=' + encodeURIComponent(stop.address);
};

function tools(stop) {
  const { phone } = stop.receiver && stop.receiver.phone ? stop.receiver : stop.customer || {};
  const call = stop.kind === 'drop_off' && (phone ? button(t('call'), { sign: 'phone', href: '#/call/' + stop.delivery_id }) : button(t('call'), { sign: 'phone', press: () => { state.error = { code: 'no_number' }; changed(); } }));
  return trio(call, button(t('navigate'), { sign: 'nav', href: mapLink(stop) }), button(t('problem'), { sign: 'warn', href: '#/problem/' + stop.delivery_id }));
}

async function collect(stops) {
  const picked = stops.filter((stop) => !state.skipped.includes(stop.delivery_id));
  if (!picked.length) return;
  await press(picked.map((stop) => ({ type: 'collect', stop })), { leave: true });
}

async function arrive(stop) {
  const steps = stop.stage === 'collected' ? [{ type: 'set_off', stop }, { type: 'arrive', stop }] : [{ type: 'arrive', stop }];
  state.leaving = 0;
  await press(steps, { undo: 'arrive' });
}

/** The one next action of a stop, as the service names it. */
export function nextOf(stop) {
  const { kind, enabled_at: opens, why } = stop.next_action;
  const shut = Boolean(opens) && Date.parse(opens) > now();
  const at = opens && shut ? opens : undefined;
  if (kind === 'collect') {
    const all = together(view().stops, now());
    const n = all.filter((one) => !state.skipped.includes(one.delivery_id)).reduce((sum, one) => sum + one.parcels.length, 0);
    return next({ act: 'collect', big: t('next.collect'), small: shut ? '' : t('next.collect_small', { n }), sign: 'box', opens: at, shut: shut || n === 0, press: () => collect(all) });
  }
  if (kind === 'arrive' || (kind === 'set_off' && !shut && state.leaving)) return next({ act: 'arrive', big: t('next.arrive'), small: t('next.arrive_small', { name: calledName(stop) }), sign: 'door', press: () => arrive(stop) });
  if (kind === 'set_off') return next({ act: 'set_off', big: t(why === 'too_early' ? 'next.home_later' : 'next.set_off'), small: stop.address, sign: 'go', opens: at, shut, press: () => press([{ type: 'set_off', stop }]) });
  if (kind === 'return') return next({ act: 'return', big: t('next.return'), small: t('next.return_small'), sign: 'shop', shut: true, press: () => {} });
  return next({ act: 'wait', big: t('wait.' + why), small: t('wait.small'), sign: 'clock', opens: at, shut: true, press: () => {} });
}

/** What is fetched here: each order with a tick, so that a missing one can be left out. */
function fetched(stop) {
  const all = together(view().stops, now());
  if (all.length < 2 || stop.next_action.kind !== 'collect') return null;
  const flip = (id) => () => { state.skipped = state.skipped.includes(id) ? state.skipped.filter((one) => one !== id) : [...state.skipped, id]; changed(); };
  const row = (one) => h('li', {}, h('button', { class: 'row', type: 'button', 'aria-pressed': String(!state.skipped.includes(one.delivery_id)), onclick: flip(one.delivery_id) },
    icon(state.skipped.includes(one.delivery_id) ? 'x' : 'check'), h('span', {}, h('b', {}, t('order', { id: shortId(one.order_id) })), h('small', {}, t('parcels', { n: one.parcels.length }))), h('span', {}, state.skipped.includes(one.delivery_id) ? t('stop.not_here') : '')));
  return h('ul', { class: 'list' }, all.map(row));
}

/** The green line after a hand-over, and the undo. */
export function toast() {
  const { toast: last } = state;
  if (!last || Date.now() > last.until) return null;
  const back = () => undo();
  return h('div', { class: 'toast', role: 'status' }, h('span', {}, t('did.' + last.say, { name: last.name, time: clockTime(last.at) })),
    h('button', { type: 'button', id: 'undo', 'data-gone': last.until, onclick: back }, icon('undo'), t('undo')));
}

/** C5. */
export function nextScreen(delivery) {
  const { shift, stops } = view();
  const stop = (delivery && stopOf(delivery)) || stops[0];
  if (!stop) return emptyScreen(shift);
  const at = stops.indexOf(stop) + 1 + state.done.length;
  return screen({
    name: 'next', top: bar(t('bar.on_shift'), delivery ? 'list' : ''), above: street(stop.delivery_id),
    body: [
      errorBox(problem()), shift && shift.break_until && note('dusk', 'clock', h('p', {}, t('break.until', { time: clockTime(shift.break_until) }))),
      h('p', { class: 'eyebrow' }, h('span', {}, t('stop.of', { at, n: stops.length + state.done.length })), h('span', {}, t('order', { id: shortId(stop.order_id) }))),
      head(bdi(stop.address)),
      h('p', { class: 'who' }, h('b', {}, bdi(stop.kind === 'drop_off' ? calledName(stop) : stop.pickup_point.name)), h('span', { class: 'muted' }, t('parcels', { n: stop.parcels.length }))),
      homeNote(stop), stop.kind === 'return' && note('brick', 'undo', h('b', {}, t('return.title')), h('p', {}, t('return.about'))),
      fetched(stop), facts(stop),
    ],
    thumb: [toast(), tools(stop), nextOf(stop)],
  });
}

function emptyScreen(shift) {
  const onBreak = shift && shift.break_until;
  return screen({
    name: 'empty', top: bar(t('bar.on_shift'), ''), above: state.done.length ? street('') : null,
    body: [errorBox(problem()), h('div', { class: 'hero' }, win(state.feed ? 'done' : 'ask'), head(t(state.feed ? (onBreak ? 'empty.break' : 'empty.title') : 'loading')),
      h('p', { class: 'muted' }, onBreak ? t('break.until', { time: clockTime(shift.break_until) }) : t('empty.about')))],
    thumb: [toast(), next({ act: 'day', big: t('empty.day'), small: t('empty.day_small'), sign: 'check', press: () => go('day') })],
  });
}

/** C17. */
export function listScreen() {
  const { stops } = view();
  const time = (stop) => (stop.kind === 'return' ? t('list.back') : stop.planned_arrival ? clockTime(stop.planned_arrival) : '');
  const row = (stop, at) => h('li', {}, h('a', { class: 'row', href: '#/stop/' + stop.delivery_id, 'aria-current': at === 0 ? 'step' : false }, win(windowOf(stop)),
    h('span', {}, h('b', {}, bdi(stop.address)), h('small', {}, bdi(stop.kind === 'pick_up' ? stop.pickup_point.name : calledName(stop)), ' · ', stop.kind === 'drop_off' ? t('gate.' + stop.gate) : t('kind.' + stop.kind))), h('time', { class: 'num' }, time(stop))));
  return screen({
    name: 'list', top: bar(t('list.title'), 'next'),
    body: [head(t('list.left', { n: stops.length })), h('ul', { class: 'list' }, stops.map(row))],
    thumb: stops[0] && next({ act: 'go', big: t('list.go'), small: stops[0].address, sign: 'go', press: () => go('next') }),
  });
}

/** The whole time an offer had, so that its ring can empty. */
const wholes = {};

async function answer(offer, yes) {
  const done = await demand('POST', '/v1/courier/offers/' + offer.delivery_id + (yes ? '/accept' : '/decline'), {});
  if (!done && state.error.code === 'no_signal') return;
  state.passed = [...(state.passed || []), offer.delivery_id + offer.until];
  await refresh();
  await load();
}

/** Offers that still stand. */
export const offersNow = () => view().offers.filter((offer) => Date.parse(offer.until) > now() && !(state.passed || []).includes(offer.delivery_id + offer.until));

/** C4. */
export function offerScreen(offer) {
  const more = offersNow().length - 1;
  wholes[offer.until] ||= Math.max(1, Math.round((Date.parse(offer.until) - now()) / 1000));
  return screen({
    name: 'offer', top: bar(t('bar.on_shift'), ''),
    body: [
      h('div', { class: 'between' }, h('div', {}, h('p', { class: 'muted strong' }, t('offer.new', { n: offer.deliveries.length })), head(t('parcels', { n: offer.parcels }))), ring(offer.until, wholes[offer.until])),
      errorBox(problem()),
      h('ul', { class: 'facts facts--big' }, fact('shop', h('b', {}, bdi(offer.pickup.name)), h('br'), bdi(offer.pickup.address)),
        offer.region && fact('door', t('offer.to'), ' ', h('b', {}, bdi(offer.region.name))),
        offer.planned_arrival && fact('clock', t('offer.arrival', { time: clockTime(offer.planned_arrival) })),
        fact('box', t('offer.load', { n: offer.parcels }))),
      more > 0 && h('p', { class: 'muted' }, t('offer.more', { n: more })),
    ],
    thumb: [button(t('offer.no'), { sign: 'x', id: 'decline', press: () => answer(offer, false) }),
      next({ act: 'take', big: t('offer.take'), small: h('span', { 'data-left': offer.until, 'data-key': 'offer.left' }), sign: 'check', press: () => answer(offer, true) })],
  });
}
