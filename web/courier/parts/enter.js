// C1, C2, C3 and C21: signing in by code or invite, moving to this phone, starting the shift.

import { h, icon, win } from './dom.js';
import { bar, bdi, button, errorBox, go, head, next, note, screen } from './frame.js';
import { changed, demand, load, me, now, refresh, remember, state } from './state.js';
import { phoneClock } from './clock.js';
import { keep } from './db.js';
import { clockTime, orSaid, t } from './words.js';

/** The words of the last problem on a screen. */
export function problem() {
  const { error } = state;
  if (!error) return null;
  if (error.wait > 0) return t('error.wait', { n: error.wait });
  return orSaid('error.' + error.code, error.detail);
}

async function signedIn(answer) {
  await keep('session', { token: answer.json.token, courier: answer.json.courier });
  await keep('code', undefined);
  Object.assign(state, { moved: false, error: null });
  await load();
  go('next');
  refresh();
}

/** Signs in with the token of an invite. */
export async function byInvite(token) {
  const answer = await demand('POST', '/v1/courier/sign_in/invite', { token });
  if (answer) await signedIn(answer);
}

async function askForCode(phone) {
  const answer = await demand('POST', '/v1/courier/sign_in/code', { phone });
  if (!answer) return;
  await remember('code', { request: answer.json.request_id, phone, asked: Date.now() });
  go('code');
}

const value = (id) => document.getElementById(id).value.trim();

/** C1: a telephone number. */
export function signIn() {
  const submit = once2(() => askForCode(value('phone')));
  return screen({
    name: 'sign_in', top: bar(t('courier'), null),
    body: [
      h('div', { class: 'hero' }, win('lit'), head(t('sign_in.title')), h('p', { class: 'muted' }, t('sign_in.about'))),
      errorBox(problem()),
      h('form', { class: 'field', id: 'sign-in', onsubmit: submit }, h('label', { for: 'phone' }, t('sign_in.phone')),
        h('input', { class: 'in in--big ltr', id: 'phone', type: 'tel', autocomplete: 'tel', required: true, 'aria-invalid': state.error ? 'true' : false })),
      h('p', { class: 'muted small' }, t('sign_in.invite')),
    ],
    thumb: next({ act: 'code', big: t('sign_in.send'), small: t('sign_in.no_password'), sign: 'sms', press: submit }),
  });
}

/** A form's submit and a press do the same; the form never leaves the page. */
function once2(work) {
  return async (event) => { if (event) event.preventDefault(); await work(); };
}

/** C2: one field that looks like six cells; it submits itself at the sixth digit. */
export function codeScreen() {
  const { phone, request, asked } = state.code;
  const send = async () => {
    const answer = await demand('POST', '/v1/courier/sign_in/verify', { request_id: request, code: value('otp') });
    if (answer) return signedIn(answer);
    if (state.error.code !== 'no_signal') { document.getElementById('otp').value = ''; document.getElementById('otp').focus(); }
  };
  const typed = (event) => {
    event.target.value = event.target.value.replace(/\D/g, '').slice(0, 6);
    if (event.target.value.length === 6) send();
  };
  return screen({
    name: 'code', top: bar(t('courier'), 'sign_in'),
    body: [
      head(t('code.title')), h('p', { class: 'muted' }, t('code.sent'), ' ', h('b', { class: 'ltr num' }, phone)),
      h('label', { class: 'vh', for: 'otp' }, t('code.title')),
      h('input', { class: 'otp ltr', id: 'otp', inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 6, oninput: typed, 'aria-invalid': state.error ? 'true' : false }),
      errorBox(problem()),
      h('button', { class: 'btn btn--quiet', type: 'button', id: 'again', 'data-again': asked + 30000, onclick: once2(() => (Date.now() < asked + 30000 ? null : askForCode(phone))) }, t('code.again')),
    ],
    thumb: next({ act: 'verify', big: t('code.sign_in'), small: t('code.stays'), sign: 'go', press: send }),
  });
}

/** C21: another phone acts. What was done here stays in the queue. */
export function movedScreen() {
  const again = async () => { await keep('session', undefined); state.moved = false; await load(); go('sign_in'); };
  return screen({
    name: 'moved', top: bar(me().name, null),
    body: [head(t('moved.title')), h('p', {}, t('moved.about')), note('dusk', 'check', h('p', {}, t('moved.safe')))],
    thumb: next({ act: 'move', big: t('moved.here'), small: t('moved.sign_in'), sign: 'phone', press: again }),
  });
}

const HOURS = [2, 4, 6, 8, 10, 12];
const choice = { hours: 8 };

function row(sign, title, small, mark) {
  return h('li', { class: 'row' }, icon(sign), h('span', {}, h('b', {}, title), h('small', {}, small)), mark);
}

function locate() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve(null);
    navigator.geolocation.getCurrentPosition(({ coords }) => resolve({ lat: coords.latitude, lon: coords.longitude }), () => resolve(null), { timeout: 5000, maximumAge: 60000 });
  });
}

async function start() {
  if (navigator.storage && navigator.storage.persist) navigator.storage.persist();
  state.fix = (await locate()) || state.fix;
  const body = { ends_at: new Date(now() + choice.hours * 3600000).toISOString() };
  if (state.fix) body.point = state.fix;
  const answer = await demand('POST', '/v1/courier/shift', body);
  if (!answer && state.error.code !== 'shift_open') return;
  await keep('contact', state.contact || { server: Date.parse(answer.json.started_at), ...phoneClock() });
  await remember('done', []);
  await refresh();
  go('next');
}

/** C3: what the phone needs, and how long the shift lasts. */
export function startScreen() {
  const hour = (hours) => button(t('start.hours', { n: hours }), { look: 'btn--sm', pressed: String(hours === choice.hours), press: () => { choice.hours = hours; changed(); } });
  const ready = navigator.serviceWorker && navigator.serviceWorker.controller;
  return screen({
    name: 'start', top: bar(t('start.off'), ''),
    body: [
      h('p', { class: 'muted strong' }, t('start.hello', { name: me().name })), head(me().regions.map((region) => region.name).join(', ') || t('start.title')),
      errorBox(problem()),
      h('ul', { class: 'list' },
        row('nav', t('start.location'), t('start.location_about'), h('span', { class: 'chip', 'data-permission': 'geolocation' })),
        row('off', t('start.offline'), t('start.offline_about'), h('span', { class: ready ? 'chip chip--action' : 'chip' }, ready ? t('start.ready') : t('start.soon'))),
        row('bike', t('vehicle.' + me().vehicle), t('start.load', { n: me().capacity }))),
      h('fieldset', { class: 'field' }, h('legend', {}, t('start.how_long')), h('div', { class: 'swap' }, HOURS.map(hour))),
      h('p', { class: 'muted small' }, t('start.until', { time: clockTime(now() + choice.hours * 3600000) })),
      state.feed && state.feed.stops.length > 0 && note('dusk', 'box', h('p', {}, t('start.still', { n: state.feed.stops.length }), ' ', bdi(''))),
    ],
    thumb: next({ act: 'start', big: t('start.go'), small: t('start.sees'), sign: 'go', press: start }),
  });
}
