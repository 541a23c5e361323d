// C14, C18, C19, C20 and the problem sheet: what waits, the day, the menu, help.

import { h, icon } from './dom.js';
import { bar, bdi, button, calledName, errorBox, go, head, next, note, screen } from './frame.js';
import { problem } from './enter.js';
import { keep } from './db.js';
import { changed, demand, load, me, now, press, refresh, state, stopOf, trouble, understood, view, waiting } from './state.js';
import { LANGUAGES, clockTime, language, orSaid, says, speak, t } from './words.js';

const helpNumber = () => document.documentElement.dataset.help;

function line(entry) {
  return h('li', { class: 'row' }, icon('clock'), h('span', {}, h('b', {}, t('did.' + entry.type, { name: entry.about.name, time: clockTime(entry.occurred_at) })), h('small', {}, clockTime(entry.occurred_at), ' · ', bdi(entry.about.address))), h('span', { class: 'chip' }, entry.photo ? t('waiting.photo', { kb: Math.round(entry.photo.size / 1024) }) : t('waiting.chip')));
}

/** Why something was not taken, in words. */
export function conflictWords(entry) {
  const { code, detail, state: stand } = entry.verdict || {};
  const where = stand && says('stage.' + stand.stage) ? t('stage.' + stand.stage) : '';
  return orSaid('conflict.' + code, detail) + (where ? ' ' + t('waiting.now', { where }) : '');
}

function failed(entry) {
  return h('div', { class: 'note note--brick conflict' }, icon('warn'), h('div', {}, h('b', {}, t('waiting.not_taken', { what: t('did.' + entry.type, { name: entry.about.name, time: clockTime(entry.occurred_at) }) })), h('p', {}, conflictWords(entry)),
    h('button', { class: 'btn btn--sm', type: 'button', onclick: () => understood(entry.seq) }, t('waiting.understood'))));
}

/** The text that carries what waits to a person, where there is no data at all. */
export function smsText(all) {
  return all.map((entry) => [entry.delivery.slice(-6), entry.type, clockTime(entry.occurred_at)].join(' ')).join('; ');
}

/** C14. */
export function waitingScreen() {
  const all = waiting();
  const bad = trouble();
  const help = helpNumber();
  return screen({
    name: 'waiting', top: bar(state.signal ? t('bar.on_shift') : t('bar.offline'), 'next'),
    body: [head(all.length ? t('waiting.title', { n: all.length }) : t('waiting.none')), bad.map(failed), h('p', { class: 'muted' }, all.length ? t('waiting.about') : t('waiting.none_about')), h('ul', { class: 'list' }, all.map(line))],
    thumb: all.length > 0 && [help && button(t('waiting.sms'), { sign: 'sms', href: 'sms:' + help + '?body=' + encodeURIComponent(smsText(all)) }), button(t('waiting.try'), { sign: 'up', id: 'try-now', press: refresh })],
  });
}

async function end() {
  await refresh();
  if (waiting().length || trouble().length) { state.error = { code: 'not_all_sent' }; return changed(); }
  const answer = await demand('POST', '/v1/courier/shift/end', {});
  if (answer) { await refresh(); go('start'); }
}

/** C18: the day in counts. The shift ends when everything is sent. */
export function dayScreen() {
  const { shift, stops } = view();
  const done = state.done.filter((one) => one.how === 'done').length;
  const back = state.done.filter((one) => one.how === 'back').length;
  const minutes = shift ? Math.max(0, Math.floor((now() - Date.parse(shift.started_at)) / 60000)) : 0;
  const cell = (figure, words) => h('div', { class: 'card' }, h('b', { class: 'num' }, figure), words);
  const unsent = waiting().length;
  return screen({
    name: 'day', top: bar(t('day.title'), 'next'),
    body: [errorBox(problem()), h('p', { class: 'muted strong' }, t('day.today')), head(t('day.handed', { n: done })),
      h('div', { class: 'stat' }, cell(done + ' / ' + (done + back), t('day.first')), cell(back, t('day.back')), cell(stops.length, t('day.left')), cell(Math.floor(minutes / 60) + ':' + String(minutes % 60).padStart(2, '0'), t('day.hours'))),
      unsent ? note('dusk', 'off', h('p', {}, t('day.unsent', { n: unsent }))) : note('action', 'check', h('p', {}, t('day.all_sent'))),
      stops.length > 0 && note('brick', 'warn', h('p', {}, t('day.stops_left', { n: stops.length })))],
    thumb: shift && next({ act: 'end', big: t('day.end'), small: t(unsent ? 'day.wait' : 'day.end_small'), sign: 'check', shut: unsent > 0, press: end }),
  });
}

async function signOut() {
  await refresh();
  if (waiting().length || trouble().length) { state.error = { code: 'not_all_sent' }; return changed(); }
  if (!(await demand('POST', '/v1/courier/sign_out', {}))) return;
  await Promise.all(['session', 'feed', 'done', 'contact', 'code', 'calling'].map((key) => keep(key, undefined)));
  await load();
  go('sign_in');
}

/** The look of the page: as the phone has it, or for direct sunlight. */
export function dress() {
  const { theme } = localStorage;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function sunMode() {
  if (localStorage.theme) localStorage.removeItem('theme');
  else localStorage.theme = 'sun';
  dress();
  changed();
}

async function pause(minutes) {
  const answer = await demand('POST', '/v1/courier/shift/break' + (minutes ? '' : '/end'), minutes ? { minutes } : {});
  if (answer) { await refresh(); go('next'); }
}

/** C19. */
export function menuScreen() {
  const { shift } = view();
  const pick = (lang) => button(LANGUAGES[lang], { look: 'btn--sm', id: 'lang-' + lang, pressed: String(lang === language()), press: async () => { localStorage.setItem('lang', lang); await speak(lang); changed(); } });
  const help = helpNumber();
  return screen({
    name: 'menu', top: bar(me() ? me().name : t('courier'), me() ? 'next' : 'sign_in'),
    body: [head(t('menu.title')), errorBox(problem()),
      me() && h('div', { class: 'list' }, button(t('list.title'), { sign: 'menu', href: '#/list' }), button(t('day.title'), { sign: 'check', href: '#/day' }),
        shift && (shift.break_until ? button(t('menu.break_end'), { sign: 'clock', id: 'break-end', press: () => pause(0) }) : h('div', { class: 'pair' }, [15, 30].map((n) => button(t('menu.break', { n }), { sign: 'clock', id: 'break-' + n, press: () => pause(n) }))))),
      h('div', { class: 'list' }, button(t(localStorage.theme ? 'menu.sun_off' : 'menu.sun'), { sign: 'sun', id: 'sun', pressed: String(Boolean(localStorage.theme)), press: sunMode })),
      h('fieldset', { class: 'field' }, h('legend', {}, t('menu.language')), h('div', { class: 'swap' }, Object.keys(LANGUAGES).map(pick))),
      help && h('p', {}, t('menu.help'), ' ', h('a', { class: 'ltr tall', href: 'tel:' + help }, help))],
    thumb: me() && [help && button(t('sos.title'), { look: 'btn--brick', sign: 'warn', href: '#/sos' }), button(t('menu.sign_out'), { sign: 'x', id: 'sign-out', press: signOut })],
  });
}

/** C20: two presses; the second one, large, dials the set number. */
export function sosScreen() {
  const help = helpNumber();
  return screen({
    name: 'sos', top: bar(t('sos.title'), 'menu'), body: [head(t('sos.ask')), h('p', {}, t('sos.about'))],
    thumb: [button(t('back'), { sign: 'back', href: '#/next' }), next({ act: 'sos', brick: true, big: t('sos.call'), small: h('span', { class: 'ltr' }, help), sign: 'phone', href: 'tel:' + help })],
  });
}

async function turnBack(stop) {
  await press([{ type: 'turn_back', stop, payload: { reason: t('problem.turn_back_reason') } }], { undo: 'turn_back' });
  go('next');
}

/** What can be wrong before the door. */
export function problemScreen(delivery) {
  const stop = stopOf(delivery);
  const help = helpNumber();
  return screen({
    name: 'problem', top: bar(t('problem'), 'stop/' + delivery),
    body: [head(t('problem.title', { name: calledName(stop) })), errorBox(problem()), h('div', { class: 'ans' },
      stop.stage === 'en_route' && h('button', { type: 'button', id: 'turn-back', onclick: () => turnBack(stop) }, icon('undo'), h('span', {}, t('problem.turn_back'), h('small', {}, t('problem.turn_back_effect')))),
      stop.stage === 'at_door' && h('a', { href: '#/nobody/' + delivery }, icon('x'), h('span', {}, t('door.nobody'))),
      stop.stage === 'at_door' && h('a', { href: '#/fallback/' + delivery }, icon('pen'), h('span', {}, t('door.no_code'))),
      stop.kind === 'drop_off' && h('a', { href: '#/call/' + delivery }, icon('phone'), h('span', {}, t('call.now', { name: calledName(stop) }))),
      help && h('a', { href: 'tel:' + help }, icon('phone'), h('span', {}, t('problem.dispatch'), h('small', { class: 'ltr' }, help))))],
    thumb: button(t('back'), { sign: 'back', href: '#/stop/' + delivery }),
  });
}

