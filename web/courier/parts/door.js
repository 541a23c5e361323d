// C9, C11, C12 and C15: at the door, the six digits, no code, nobody opened.

import { h, icon, ring } from './dom.js';
import { bar, bdi, button, calledName, errorBox, go, head, next, note, once, screen, shortId, street, trio } from './frame.js';
import { homeNote, facts, toast } from './stops.js';
import { problem } from './enter.js';
import { digitsHold } from './digits.js';
import { canScan } from './scan.js';
import { UNDO_MS } from './queue.js';
import { changed, finish, now, press, state, stopOf } from './state.js';
import { clockTime, t } from './words.js';

/** Hands over by what was shown; the next stop shows at once, and a code is checked at once where there is signal. */
export async function handOver(stop, payload, { photo, hold = true } = {}) {
  await press([{ type: 'hand_over', stop, payload, photo }], { undo: 'hand_over', hold });
  state.leaving = Date.now() + UNDO_MS;
  state.typed = '';
  await finish(stop, 'done');
  go('next');
}

/** C9. */
export function doorScreen(stop) {
  const id = stop.delivery_id;
  const scan = canScan();
  const row = (parcel) => h('li', {}, icon('box'), h('b', {}, t('door.parcel', { at: parcel.number, n: stop.parcels.length })), h('span', { class: 'muted ltr' }, parcel.barcode));
  const locked = stop.next_action.why === 'code_locked' || stop.code_tries_left === 0;
  const main = locked ? next({ act: 'fallback', big: t('door.no_code'), small: t('door.locked'), sign: 'pen', press: () => go('fallback/' + id) })
    : scan ? next({ act: 'scan', big: t('door.scan'), small: t('door.scan_small'), sign: 'scan', press: () => go('scan/' + id) })
      : next({ act: 'type', big: t('door.type'), small: t('door.scan_small'), sign: 'qr', press: () => go('type/' + id) });
  return screen({
    name: 'door', top: bar(t('door.title'), 'list'), above: street(id),
    body: [errorBox(problem()), h('p', { class: 'eyebrow' }, h('span', {}, t('door.hand_over')), h('span', {}, t('order', { id: shortId(stop.order_id) }))),
      head(t('door.give', { name: calledName(stop) })), h('p', { class: 'who' }, bdi(stop.address)),
      h('ul', { class: 'card parcels' }, stop.parcels.map(row)), homeNote(stop), facts(stop)],
    thumb: [toast(), trio(scan ? button(t('door.type'), { sign: 'qr', href: '#/type/' + id }) : button(t('door.no_code'), { sign: 'pen', href: '#/fallback/' + id }), button(t('call'), { sign: 'phone', href: '#/call/' + id }), button(t('door.nobody'), { sign: 'x', href: '#/nobody/' + id })), main],
  });
}

async function digit(stop, figure) {
  state.error = null;
  state.typed = figure === 'del' ? (state.typed || '').slice(0, -1) : ((state.typed || '') + figure).slice(0, 6);
  if (state.typed.length < 6) return changed();
  if (digitsHold(state.typed)) return handOver(stop, { code: state.typed }, { hold: !state.signal });
  state.typed = '';
  state.error = { code: 'code_malformed' };
  return changed();
}

/** C11: our own keys; the sixth digit hands over. */
export function typeScreen(delivery) {
  const stop = stopOf(delivery);
  const typed = state.typed || '';
  const key = (figure) => h('button', { class: 'btn', type: 'button', id: 'key-' + figure, onclick: () => digit(stop, String(figure)) }, String(figure));
  const cells = [0, 1, 2, 3, 4, 5].map((at) => h('span', { class: at === typed.length ? 'cell cell--now' : 'cell' }, typed[at] || ''));
  return screen({
    name: 'type', top: bar(t('order', { id: shortId(stop.order_id) }), 'stop/' + delivery),
    body: [head(t('type.title', { name: calledName(stop) })), h('p', { class: 'muted' }, t('type.about', { n: stop.code_tries_left })),
      h('div', { class: 'cells ltr', role: 'img', 'aria-label': t('type.so_far', { n: typed.length }) }, cells), errorBox(problem()),
      !state.signal && note('dusk', 'off', h('p', {}, t('type.offline')))],
    thumb: h('div', { class: 'pad ltr' }, [1, 2, 3, 4, 5, 6, 7, 8, 9].map(key), button(t('door.no_code'), { href: '#/fallback/' + delivery, look: 'btn--small' }), key(0),
      h('button', { class: 'btn', type: 'button', id: 'key-del', 'aria-label': t('type.delete'), onclick: () => digit(stop, 'del') }, icon('back'))),
  });
}

const REASONS = ['phone_off', 'someone_else', 'code_fails', 'not_shown'];
const pad = { path: '', drawing: false };

function drawn(canvas) {
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return Math.round(((event.clientX - box.left) * 300) / box.width) + ' ' + Math.round(((event.clientY - box.top) * 150) / box.height);
  };
  const line = () => canvas.querySelector('path').setAttribute('d', pad.path);
  canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); pad.drawing = true; pad.path += 'M' + at(event); line(); });
  canvas.addEventListener('pointermove', (event) => { if (pad.drawing && pad.path.length < 19000) { pad.path += 'L' + at(event); line(); } });
  canvas.addEventListener('pointerup', () => { pad.drawing = false; });
  return canvas;
}

/** A photo small enough for a bad line: at most 1024 pixels, at most about 100 KB. */
async function shrunk(file) {
  const image = await createImageBitmap(file);
  const part = Math.min(1, 1024 / Math.max(image.width, image.height));
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [Math.round(image.width * part), Math.round(image.height * part)];
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  for (const quality of [0.7, 0.5, 0.3, 0.15]) {
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality));
    if (blob.size < 100000 || quality === 0.15) return blob;
  }
}

/** C12: a reason, a name, then a signature or a photo. The payment waits, and the screen says so. */
export function fallbackScreen(delivery) {
  const stop = stopOf(delivery);
  const why = state.why || REASONS[0];
  const choose = (key) => button(t('fallback.' + key), { look: 'btn--sm', pressed: String(key === why), press: () => { state.why = key; changed(); } });
  const name = () => document.getElementById('taker').value.trim();
  const signed = async () => {
    if (!name()) { state.error = { code: 'name_missing' }; return changed(); }
    if (pad.path.length < 12) { state.error = { code: 'signature_missing' }; return changed(); }
    const strokes = pad.path;
    pad.path = '';
    return handOver(stop, { signature: { signer: name(), strokes } });
  };
  const pictured = async (event) => {
    const [file] = event.target.files;
    if (file) await handOver(stop, { photo: { photo_id: '', reason: t('fallback.' + why) } }, { photo: await shrunk(file) });
  };
  const surface = drawn(h('svg', { class: 'sig', id: 'sig', viewBox: '0 0 300 150', role: 'img', 'aria-label': t('fallback.sign_here') }, h('path', { d: pad.path })));
  return screen({
    name: 'fallback', top: bar(t('order', { id: shortId(stop.order_id) }), 'stop/' + delivery),
    body: [head(t('fallback.title')), errorBox(problem()),
      h('fieldset', { class: 'field' }, h('legend', {}, t('fallback.why')), h('div', { class: 'swap' }, REASONS.map(choose))),
      h('div', { class: 'field' }, h('label', { for: 'taker' }, t('fallback.who')), h('input', { class: 'in', id: 'taker', maxlength: 120, autocomplete: 'off', value: calledName(stop) })),
      h('div', { class: 'field' }, h('span', { class: 'lab' }, t('fallback.signature')), surface),
      note('brick', 'wallet', h('p', {}, t('fallback.waits')))],
    thumb: [h('label', { class: 'btn' }, icon('cam'), t('fallback.photo'), h('input', { class: 'vh', id: 'photo', type: 'file', accept: 'image/*', capture: 'environment', onchange: pictured })),
      next({ act: 'signed', big: t('fallback.go'), small: t('fallback.by_signature'), sign: 'pen', press: signed })],
  });
}

const FAILS = ['not_home', 'refused', 'cant_find_address', 'no_access', 'unsafe'];

/** C15: what makes an attempt well made, and when giving up opens. */
export function nobodyScreen(delivery) {
  const stop = stopOf(delivery);
  const giveUp = stop.next_action.alternative || {};
  const opens = giveUp.enabled_at && Date.parse(giveUp.enabled_at) > now() ? giveUp.enabled_at : undefined;
  const calls = state.entries.filter((entry) => entry.type === 'call' && entry.delivery === delivery).length;
  const rang = (state.rang || {})[delivery];
  const bell = () => { state.rang = { ...state.rang, [delivery]: now() }; changed(); };
  const line = (done, sign, title, small, press) => h('li', {}, h('button', { type: 'button', class: 'row', onclick: once(press) }, icon(done ? 'check' : sign), h('span', {}, h('b', {}, title), h('small', {}, small))));
  if (state.giving === delivery) return reasonScreen(stop);
  return screen({
    name: 'nobody', top: bar(t('order', { id: shortId(stop.order_id) }), 'stop/' + delivery),
    body: [head(t('nobody.title')), errorBox(problem()),
      h('div', { class: 'card wait' }, opens && ring(opens, stop.waiting_s || 420), h('p', {}, h('b', {}, t('nobody.wait')), h('br'), h('span', { class: 'muted' }, t('nobody.paid')))),
      h('ul', { class: 'list' },
        line(rang, 'door', t('nobody.bell'), rang ? t('nobody.noted', { time: clockTime(rang) }) : t('nobody.bell_small'), bell),
        line(calls > 0, 'phone', t('nobody.call'), calls ? t('call.made', { n: calls }) : t('nobody.call_small'), () => go('call/' + delivery))),
      note('dusk', 'box', h('p', {}, t('nobody.keep')))],
    thumb: [button(t('nobody.here'), { href: '#/stop/' + delivery, id: 'here' }), next({ act: 'give_up', brick: true, big: t('nobody.give_up'), small: opens ? '' : t('nobody.open'), opens, shut: Boolean(opens), sign: 'x', press: () => { state.giving = delivery; changed(); } })],
  });
}

/** Why, with one press. Danger does not wait. */
export function reasonScreen(stop) {
  const fail = (reason) => once(async () => {
    state.giving = null;
    await press([{ type: 'fail_attempt', stop, payload: { reason } }], { undo: 'fail_attempt' });
    await finish(stop, 'back');
    go('next');
  });
  return screen({
    name: 'reason', top: bar(t('order', { id: shortId(stop.order_id) }), 'stop/' + stop.delivery_id),
    body: [head(t('reason.title')), errorBox(problem()), h('div', { class: 'ans' }, FAILS.map((reason) => h('button', { type: 'button', id: 'reason-' + reason, onclick: fail(reason) }, icon(reason === 'unsafe' ? 'warn' : 'x'), h('span', {}, t('reason.' + reason)))))],
  });
}
