// Sends what waits and fetches the feed. One tab (or the service worker) does so at a time.

import { ask } from './api.js';
import { adopt, entries, kept, update } from './db.js';
import { phoneClock } from './clock.js';
import { due, fate, wire } from './queue.js';

const LOCK = 'callahead-sync';

/** Runs `work` unless another tab is at it. */
function alone(work) {
  if (!navigator.locks) return work();
  return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? work() : undefined));
}

/** A photo goes first: the action names it. The entry, or undefined when that has to wait. */
async function withPhoto(session, entry) {
  if (!entry.photo) return entry;
  const path = '/v1/courier/photos?delivery_id=' + encodeURIComponent(entry.delivery);
  const answer = await ask('POST', path, { token: session.token, body: entry.photo, type: 'image/jpeg' });
  if (answer.status !== 201) return answer.status >= 400 && answer.status < 500 && answer.status !== 429 ? { ...entry, refused: answer.json } : undefined;
  const { photo, ...rest } = entry;
  const sent = { ...rest, payload: { ...entry.payload, photo: { ...entry.payload.photo, photo_id: answer.json.photo_id } } };
  await update(sent);
  return sent;
}

async function settle(entry, verdict) {
  const end = fate(verdict);
  const back = { ...entry, sending: false, state: end === 'again' ? 'waiting' : end, verdict };
  if (end === 'trouble') delete back.mark;
  return update(back);
}

/** Sends what may go; 'sent', 'nothing', 'no_signal', 'moved' (another phone acts) or 'signed_out'. */
async function flush(session) {
  const go = due(await entries(), session.courier.id, Date.now());
  if (!go.length) return 'nothing';
  const ready = [];
  for (const entry of go) {
    await update({ ...entry, sending: true });
    const whole = await withPhoto(session, entry);
    if (!whole) break;
    if (whole.refused) await settle(entry, { verdict: 'rejected', code: whole.refused.code, detail: whole.refused.detail });
    else ready.push(whole);
  }
  if (!ready.length) return 'no_signal';
  const answer = await ask('POST', '/v1/courier/actions', { token: session.token, body: { actions: ready.map(wire) } });
  if (answer.status === 401) return 'signed_out';
  if (answer.status !== 200) return 'no_signal';
  for (const [at, verdict] of answer.json.results.entries()) await settle(ready[at], verdict);
  return answer.json.results.some((verdict) => verdict.code === 'session_superseded') ? 'moved' : 'sent';
}

/** Fetches the feed. 'fresh', 'same', 'no_signal' or 'signed_out'. */
async function pull(session, etag) {
  const sent = (await entries()).filter((entry) => entry.state === 'sent').map((entry) => entry.seq);
  const answer = await ask('GET', '/v1/courier/feed', { token: session.token, etag: sent.length ? undefined : etag });
  if (answer.status === 304) return 'same';
  if (answer.status === 401) return 'signed_out';
  if (answer.status !== 200) return 'no_signal';
  const clock = phoneClock();
  const contact = { server: Date.parse(answer.json.server_time), ...clock };
  await adopt({ contact, feed: { feed: answer.json, etag: answer.etag, load: clock.load } }, sent);
  return 'fresh';
}

/** Sends, then fetches. What came of it, or undefined when another tab does it. */
export function sync() {
  return alone(async () => {
    const session = await kept('session');
    if (!session) return 'signed_out';
    const sent = await flush(session);
    if (sent === 'no_signal' || sent === 'signed_out') return sent;
    const last = await kept('feed');
    const known = last && last.load === phoneClock().load ? last.etag : undefined;
    const found = await pull(session, known);
    return found === 'no_signal' || found === 'signed_out' ? found : sent === 'moved' ? 'moved' : found;
  });
}
