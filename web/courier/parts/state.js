// What the page knows, and the only ways to change it.

import { ask } from './api.js';
import { phoneClock, serverNow } from './clock.js';
import { append, drop, entries, keep, kept, takeBack } from './db.js';
import { departsTo, merged } from './merge.js';
import { UNDO_MS, aheadOf, markOf, troubleOf, waitingOf } from './queue.js';
import { sync } from './sync.js';

/** Everything the screens draw from. */
export const state = {
  session: null, feed: null, contact: null, entries: [], done: [], calling: null, code: null, loaded: false,
  signal: true, syncedAt: 0, moved: false, toast: null, leaving: 0, error: null, busy: null, skipped: [], fix: null,
};

const listeners = [];
const afters = [];
const others = 'BroadcastChannel' in self ? new BroadcastChannel('callahead-courier') : null;

/** Calls `draw` after each change. */
export const onChange = (draw) => listeners.push(draw);
/** Does `work` after each talk with the service. */
export const afterSync = (work) => afters.push(work);
/** Something changed. */
export const changed = () => listeners.forEach((draw) => draw());
/** The service's time now, in milliseconds. */
export const now = () => serverNow(state.contact, phoneClock());
/** Who is signed in. */
export const me = () => (state.session ? state.session.courier : null);
/** What is not sent yet. */
export const waiting = () => (me() ? waitingOf(state.entries, me().id) : []);
/** What was not taken. */
export const trouble = () => (me() ? troubleOf(state.entries, me().id) : []);
/** The feed with everything done here. */
export const view = () => merged(state.feed || { shift: null, offers: [], stops: [] }, me() ? aheadOf(state.entries, me().id) : []);
/** A stop of the view. */
export const stopOf = (delivery) => view().stops.find((stop) => stop.delivery_id === delivery && stop.kind !== 'pick_up') || view().stops.find((stop) => stop.delivery_id === delivery);

/** Reads everything kept. */
export async function load() {
  const [session, feed, contact, done, calling, code, all] = await Promise.all(
    [...['session', 'feed', 'contact', 'done', 'calling', 'code'].map(kept), entries()]);
  Object.assign(state, { session: session || null, feed: feed ? feed.feed : null, contact: contact || null, done: done || [], calling: calling || null, code: code || null, entries: all, loaded: true });
  changed();
}

/** Tells the other tabs. */
async function told() {
  if (others) others.postMessage({});
  await load();
}

if (others) others.onmessage = () => load();

/** Keeps a named value of the state, here and in the other tabs. */
export async function remember(key, value) {
  await keep(key, value);
  await told();
}

/** Sends what waits and fetches the feed; the screens follow. */
export async function refresh() {
  const end = await sync();
  if (end === undefined) return;
  if (end === 'signed_out' && state.session) { await keep('session', undefined); state.error = { code: 'signed_out' }; }
  state.signal = end !== 'no_signal';
  if (state.signal) state.syncedAt = Date.now();
  if (end === 'moved') state.moved = true;
  await told();
  for (const work of afters) await work();
  await departWhenDone();
}

/** Puts a press into the queue: `steps` are { type, stop, payload, photo }. Shown as done at once. With `leave` the
 *  way to the next cleared door begins with it, and both are taken back together. */
export async function press(steps, { undo, hold = true, leave = false } = {}) {
  const group = crypto.randomUUID();
  const clock = phoneClock();
  const at = now();
  const after = leave ? departsTo(merged(view(), steps.map(({ type, stop, payload }) => ({ type, payload, delivery: stop.delivery_id, occurred_at: new Date(at).toISOString() }))).stops) : null;
  const all = after ? [...steps, { type: 'set_off', stop: after }] : steps;
  const fresh = all.map((step, place) => ({
    id: crypto.randomUUID(), group, courier: me().id, type: step.type, delivery: step.stop.delivery_id,
    payload: step.payload, photo: step.photo, point: state.fix || undefined, about: aboutOf(step.stop),
    occurred_at: new Date(at + place).toISOString(), phone_at: new Date(clock.wall).toISOString(), mono_ms: Math.round(clock.mono),
    hold_until: hold || !state.signal ? clock.wall + UNDO_MS : 0, state: 'waiting', sending: false,
    mark: markOf(step.type, step.stop.delivery_id, step.stop.version, state.entries.filter((one) => one.type === step.type && one.delivery === step.stop.delivery_id).length),
  }));
  if (await append(fresh)) state.toast = { group, say: undo || steps[0].type, until: clock.wall + UNDO_MS, name: aboutOf(steps[0].stop).name, at };
  askForSync();
  await told();
  if (!hold || waiting().length > fresh.length) refresh();
  setTimeout(refresh, UNDO_MS + 100);
}

/** What an entry is about, for the list of what waits. */
function aboutOf(stop) {
  return { name: stop.customer ? stop.customer.name : stop.pickup_point.name, address: stop.address };
}

/** Takes the newest press back; what was sent already is reversed where that is possible. */
export async function undo() {
  const { group } = state.toast;
  const mine = state.entries.filter((entry) => entry.group === group);
  const handed = state.done.find((one) => one.group === group);
  state.toast = null;
  state.leaving = 0;
  if (handed) await keep('done', state.done.filter((one) => one !== handed));
  const out = await takeBack(group);
  await told();
  if (!out && handed) await press([{ type: 'reopen', stop: handed.stop }], { hold: false });
  return out || mine.length === 0;
}

/** Marks a stop as finished, for the street and the day. */
export async function finish(stop, how) {
  const group = state.toast ? state.toast.group : '';
  await remember('done', [...state.done, { delivery: stop.delivery_id, how, at: now(), group, stop, name: aboutOf(stop).name }]);
}

/** Once nothing holds the courier here, the way to the next cleared door has begun. */
export async function departWhenDone() {
  if (!state.leaving || Date.now() < state.leaving) return;
  const next = departsTo(view().stops);
  if (waiting().some((entry) => entry.type === 'hand_over') && state.signal) return;
  state.leaving = 0;
  if (next) await press([{ type: 'set_off', stop: next }], { hold: false });
}

/** Forgets an entry that was not taken. */
export async function understood(seq) {
  const entry = state.entries.find((one) => one.seq === seq);
  if (entry && ['hand_over', 'fail_attempt'].includes(entry.type)) await keep('done', state.done.filter((one) => one.group !== entry.group));
  await drop(seq);
  await told();
}

/** A request that cannot wait. Its problem, in words by its code, becomes `state.error`; true when it was done. */
export async function demand(method, path, body) {
  if (state.busy) return null;
  state.busy = path;
  state.error = null;
  changed();
  const token = state.session ? state.session.token : undefined;
  const answer = await ask(method, path, { token, body, key: token ? crypto.randomUUID() : undefined });
  state.busy = null;
  if (answer.status === 0) { state.signal = false; state.error = { code: 'no_signal' }; }
  else if (answer.status >= 400) state.error = { code: answer.json.code, detail: faultOf(answer.json), wait: answer.wait };
  changed();
  return answer.status > 0 && answer.status < 400 ? answer : null;
}

function faultOf(problem) {
  const [first] = problem.errors || [];
  return (first && first.detail) || problem.detail;
}

/** Asks the browser to wake the service worker when the signal is back, where it can. */
async function askForSync() {
  try { await (await navigator.serviceWorker.ready).sync.register('callahead'); } catch { /* the page sends by itself */ }
}
