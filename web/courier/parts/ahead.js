// C6, C7 and C8: calling ahead, what came of it, and a later time.

import { h, icon, win } from './dom.js';
import { bar, bdi, button, calledName, errorBox, fact, go, head, next, once, screen, shortId, street, trio } from './frame.js';
import { homeNote } from './stops.js';
import { problem } from './enter.js';
import { keep } from './db.js';
import { changed, me, now, press, state, stopOf } from './state.js';
import { clockTime, t } from './words.js';

/** Who is called for a stop. */
const person = (stop) => (stop.receiver && stop.receiver.phone ? stop.receiver : stop.customer);

/** The dialler opens; when the courier comes back the outcome opens by itself. */
const dialled = (stop) => () => { state.calling = { delivery: stop.delivery_id, at: Date.now() }; keep('calling', state.calling); };

const timeAt = (stop) => (stop.planned_arrival ? clockTime(stop.planned_arrival) : clockTime(stop.promised_by));

/** C6. */
export function callScreen(delivery) {
  const stop = stopOf(delivery);
  const { phone, name } = person(stop);
  const calls = state.entries.filter((entry) => entry.type === 'call' && entry.delivery === delivery).length;
  return screen({
    name: 'call', top: bar(t('bar.on_shift'), 'stop/' + delivery), above: street(delivery),
    body: [
      errorBox(problem()),
      h('p', { class: 'eyebrow' }, h('span', {}, t('call.title')), h('span', {}, t('order', { id: shortId(stop.order_id) }))),
      head(t('call.ask', { name })),
      h('p', { class: 'who' }, h('b', { class: 'num ltr' }, phone || t('call.no_number')), h('span', { class: 'muted' }, bdi(stop.address))),
      homeNote(stop),
      h('div', { class: 'card say' }, h('p', { class: 'small muted' }, t('call.say')), h('p', { class: 'said' }, t('call.sentence', { courier: me().name, shop: stop.pickup_point.name, time: timeAt(stop) }))),
      h('ul', { class: 'facts' }, calls > 0 && fact('phone', t('call.made', { n: calls })), fact('warn', t('call.never_code'))),
    ],
    thumb: [trio(phone && button(t('call.text'), { sign: 'sms', href: 'sms:' + phone }), button(t('call.already'), { sign: 'check', href: '#/outcome/' + delivery }), button(t('call.skip'), { sign: 'go', href: '#/list' })),
      phone ? next({ act: 'call', big: t('call.now', { name }), small: t('call.dialler'), sign: 'phone', href: 'tel:' + phone, press: dialled(stop) })
        : next({ act: 'call', big: t('call.no_number'), small: '', sign: 'phone', shut: true, press: () => {} })],
  });
}

async function came(stop, payload) {
  await keep('calling', undefined);
  await press([{ type: 'call', stop, payload }], { undo: 'call', leave: true });
  state.calling = null;
  state.who = null;
  go(stop.stage === 'at_door' && payload.outcome === 'no_answer' ? 'nobody/' + stop.delivery_id : 'next');
}

/** C7: six answers, each with its effect before the press. */
export function outcomeScreen(delivery) {
  const stop = stopOf(delivery);
  const { name } = person(stop);
  const away = state.calling && state.calling.back ? Math.round((state.calling.back - state.calling.at) / 1000) : 0;
  const answer = (key, sign, press, look) => h('button', { type: 'button', class: look, id: 'outcome-' + key, onclick: once(press) }, typeof sign === 'string' ? icon(sign) : sign, h('span', {}, t('outcome.' + key), h('small', {}, t('outcome.' + key + '_effect'))));
  const simple = (outcome) => () => came(stop, { outcome });
  const named = () => { state.who = delivery; changed(); };
  return screen({
    name: 'outcome', top: bar(away > 0 ? t('outcome.away', { n: away }) : t('call.title'), 'call/' + delivery),
    body: [head(t('outcome.title', { name })), errorBox(problem()),
      state.who === delivery ? receiverForm(stop) : h('div', { class: 'ans' },
        answer('home_now', win('lit'), simple('home_now'), 'good'), answer('later', 'clock', () => go('later/' + delivery)),
        answer('receiver', 'two', named), answer('not_today', 'cal', simple('not_today')),
        answer('no_answer', 'off', simple('no_answer')), answer('wrong_number', 'x', simple('wrong_number')))],
    thumb: person(stop).phone && button(t('call.again'), { sign: 'phone', href: 'tel:' + person(stop).phone, press: dialled(stop) }),
  });
}

function receiverForm(stop) {
  const send = async (event) => {
    event.preventDefault();
    const name = document.getElementById('receiver').value.trim();
    if (name) await came(stop, { outcome: 'receiver_named', receiver: { name } });
  };
  return h('form', { class: 'field', onsubmit: send }, h('label', { for: 'receiver' }, t('outcome.receiver_name')), h('input', { class: 'in', id: 'receiver', maxlength: 120, required: true, autocomplete: 'off' }), h('button', { class: 'btn btn--main' }, t('outcome.receiver_save')));
}

/** Half hours from now on, for as long as the shift lasts. */
export function laterTimes(from, until) {
  const half = 30 * 60000;
  const first = Math.ceil((from + 10 * 60000) / half) * half;
  const times = [];
  for (let at = first; at < until && times.length < 8; at += half) times.push(at);
  return times;
}

/** C8. */
export function laterScreen(delivery) {
  const stop = stopOf(delivery);
  const ends = state.feed.shift ? Date.parse(state.feed.shift.ends_at) : now() + 4 * 3600000;
  const slot = (at) => h('button', { type: 'button', id: 'later-' + clockTime(at).replace(':', ''), onclick: once(() => came(stop, { outcome: 'home_from', from: new Date(at).toISOString() })) }, icon('clock'), h('span', { class: 'num' }, t('later.from', { time: clockTime(at) }), h('small', {}, t('later.effect'))));
  return screen({
    name: 'later', top: bar(bdi(calledName(stop)), 'outcome/' + delivery),
    body: [head(t('later.title')), h('p', { class: 'muted' }, t('later.about')), h('div', { class: 'ans' }, laterTimes(now(), ends).map(slot), h('button', { type: 'button', onclick: once(() => came(stop, { outcome: 'not_today' })) }, icon('cal'), h('span', {}, t('later.day'), h('small', {}, t('later.day_effect')))))],
    thumb: button(t('back'), { sign: 'back', href: '#/outcome/' + delivery }),
  });
}
