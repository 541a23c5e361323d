// The page itself: which screen is shown, what ticks, when it sends.

import { minutesAndSeconds, secondsLeft } from './clock.js';
import { keep } from './db.js';
import { callScreen, laterScreen, outcomeScreen } from './ahead.js';
import { dayScreen, dress, menuScreen, problemScreen, sosScreen, waitingScreen } from './day.js';
import { doorScreen, fallbackScreen, nobodyScreen, typeScreen } from './door.js';
import { byInvite, codeScreen, movedScreen, signIn, startScreen } from './enter.js';
import { go, settleNext } from './frame.js';
import { UNDO_MS } from './queue.js';
import { scanScreen, startCamera, stopCamera } from './scan.js';
import { afterSync, changed, load, me, now, onChange, refresh, state, stopOf, trouble, understood, view } from './state.js';
import { listScreen, nextScreen, offerScreen, offersNow } from './stops.js';
import { listen } from './stream.js';
import { clockTime, preferredLanguage, speak, t } from './words.js';

const OF_A_STOP = { call: callScreen, outcome: outcomeScreen, later: laterScreen, type: typeScreen, fallback: fallbackScreen, nobody: nobodyScreen, scan: scanScreen, problem: problemScreen };
const OF_THE_DAY = { list: listScreen, waiting: waitingScreen, day: dayScreen, menu: menuScreen, sos: sosScreen };
const shown = { html: '', name: '', route: '' };

function route() {
  const [name, id] = location.hash.replace(/^#\/?/, '').split('/');
  return { name: name || 'next', id };
}

/** The stop in front, with the screen its next action asks for. */
function stopScreen(id) {
  const stop = id ? stopOf(id) : view().stops[0];
  if (stop && stop.stage === 'at_door') return doorScreen(stop);
  if (stop && !id && stop.next_action.kind === 'call') return callScreen(stop.delivery_id);
  return nextScreen(stop && id ? id : '');
}

function choose() {
  const { name, id } = route();
  if (!me()) return name === 'menu' ? menuScreen() : name === 'code' && state.code ? codeScreen() : signIn();
  if (state.moved) return movedScreen();
  if (OF_THE_DAY[name]) return OF_THE_DAY[name]();
  const { shift, stops } = view();
  if (state.feed && !shift && !stops.length) return startScreen();
  const [offer] = offersNow();
  if (offer && name === 'next' && !stops.some((stop) => stop.stage === 'at_door')) return offerScreen(offer);
  if (OF_A_STOP[name] && stopOf(id)) return OF_A_STOP[name](id);
  return stopScreen(name === 'stop' ? id : '');
}

/** Draws; what is the same stays as it is, so that nothing moves under a finger. */
function draw() {
  if (!state.loaded) return;
  const fresh = choose();
  const html = document.documentElement.lang + fresh.outerHTML;
  if (html === shown.html) return;
  const root = document.getElementById('app');
  const typed = new Map([...root.querySelectorAll('input:not([type=file])')].map((input) => [input.id, input.value]));
  const focused = document.activeElement && document.activeElement.id;
  const screen = fresh.dataset.screen + (route().id || '');
  shown.html = html;
  root.replaceChildren(fresh);
  const same = screen === shown.name;
  if (same) for (const input of root.querySelectorAll('input')) if (typed.has(input.id)) input.value = typed.get(input.id);
  const error = document.getElementById('error');
  const heading = root.querySelector('h1');
  document.title = (error ? t('error.title') + ': ' : '') + (heading ? heading.textContent : t('courier'));
  const target = (error && !same && error) || (same && focused && document.getElementById(focused)) || (error && same ? error : heading);
  if (target && shown.name) target.focus({ preventScroll: same });
  if (!same) scrollTo(0, 0);
  shown.name = screen;
  settleNext(root);
  const here = root.querySelector('.street [aria-current]');
  if (here) here.scrollIntoView({ block: 'nearest', inline: 'center' });
  if (fresh.dataset.screen === 'scan') startCamera(route().id); else stopCamera();
  tick();
}

/** What counts down, by the service's clock. */
function tick() {
  const at = now();
  for (const node of document.querySelectorAll('[data-left]')) node.textContent = t(node.dataset.key, { n: secondsLeft(node.dataset.left, at) });
  for (const node of document.querySelectorAll('[data-opens]')) {
    const left = secondsLeft(node.dataset.opens, at);
    node.textContent = t('opens', { time: clockTime(node.dataset.opens), left: minutesAndSeconds(left) });
    if (left === 0) changed();
  }
  for (const node of document.querySelectorAll('[data-ring]')) {
    const left = secondsLeft(node.dataset.ring, at);
    node.querySelector('text').textContent = minutesAndSeconds(left);
    node.querySelector('.b').setAttribute('stroke-dasharray', Math.round((239 * left) / Number(node.dataset.whole)) + ' 239');
    if (left === 0) changed();
  }
  for (const node of document.querySelectorAll('[data-gone]')) if (Date.now() > Number(node.dataset.gone)) changed();
  for (const node of document.querySelectorAll('[data-again]')) {
    const left = Math.ceil((Number(node.dataset.again) - Date.now()) / 1000);
    node.textContent = left > 0 ? t('code.again_in', { n: left }) : t('code.again');
  }
}

/** A code that was not right brings the courier back to the keys, with what to do. */
async function wrongCodes() {
  for (const entry of trouble()) {
    const { code, tries_left: tries } = entry.verdict;
    if (entry.type !== 'hand_over' || !/^code_/.test(code) || !stopOf(entry.delivery)) continue;
    state.leaving = 0;
    state.toast = null;
    await understood(entry.seq);
    go((tries === 0 ? 'fallback/' : 'type/') + entry.delivery);
    state.error = { code: tries === 0 ? 'code_locked' : 'code_wrong', detail: '', tries };
    changed();
  }
}

async function beat() {
  if (document.visibilityState !== 'visible' || !state.session) return;
  await refresh();
}

/** Back from the dialler: what came of the call opens by itself. */
async function returned() {
  if (document.visibilityState === 'visible' && state.calling && !state.calling.back && stopOf(state.calling.delivery)) {
    state.calling = { ...state.calling, back: Date.now() };
    await keep('calling', state.calling);
    go('outcome/' + state.calling.delivery);
  }
  await beat();
}

/** The stream, for as long as somebody is signed in and looks. */
async function follow() {
  for (;;) {
    if (state.session && document.visibilityState === 'visible') await listen(state.session.token, beat).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}

function watchPosition() {
  if (!navigator.geolocation || !navigator.permissions) return;
  navigator.permissions.query({ name: 'geolocation' }).then((leave) => {
    if (leave.state !== 'granted') return;
    navigator.geolocation.watchPosition(({ coords }) => { state.fix = { lat: coords.latitude, lon: coords.longitude }; }, () => { state.fix = null; }, { maximumAge: 5000 });
  }).catch(() => {});
}

async function begin() {
  dress();
  if ('serviceWorker' in navigator) navigator.serviceWorker.register('/courier/sw.js', { scope: '/courier' }).catch(() => {});
  await speak(preferredLanguage()).catch(() => speak('en'));
  onChange(draw);
  afterSync(wrongCodes);
  addEventListener('hashchange', draw);
  addEventListener('online', beat);
  addEventListener('offline', changed);
  document.addEventListener('visibilitychange', returned);
  setInterval(tick, 1000);
  setInterval(beat, 15000);
  await load();
  const invite = /^#invite=(chi_[\w-]+)$/.exec(location.hash);
  if (invite) { history.replaceState(null, '', '/courier'); await byInvite(invite[1]); }
  watchPosition();
  // What was held for its undo time when the page was loaded again.
  setTimeout(beat, UNDO_MS + 100);
  await beat();
  follow();
}

begin();
