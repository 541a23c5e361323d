// The queue of what was done: which entries may go, in which order, and how one looks on the wire. Pure.

/** Milliseconds in which an action can be taken back. */
export const UNDO_MS = 8000;

/** The newest press waits for its undo time; whatever was done before it goes. A clock that jumped holds nothing. */
function isHeld(entry, newest, wall) {
  const left = entry.hold_until - wall;
  return entry.group === newest && left > 0 && left <= UNDO_MS;
}

/** The entries that may go now, in the order in which they were done. */
export function due(entries, courier, wall) {
  const waiting = waitingOf(entries, courier);
  const newest = waiting.length ? waiting[waiting.length - 1].group : '';
  return waiting.filter((entry) => !isHeld(entry, newest, wall)).slice(0, 100);
}

/** What is not sent yet, in order. Another courier's entries stay for them. */
export function waitingOf(entries, courier) {
  return inState(entries, courier, ['waiting']);
}

/** What the last feed cannot know yet, in order: what waits, and what was sent after that feed. */
export function aheadOf(entries, courier) {
  return inState(entries, courier, ['waiting', 'sent']);
}

function inState(entries, courier, states) {
  const mine = entries.filter((entry) => states.includes(entry.state) && entry.courier === courier);
  return mine.sort((a, b) => a.seq - b.seq);
}

/** What the service did not take, in order. */
export function troubleOf(entries, courier) {
  return inState(entries, courier, ['trouble']);
}

/** One action as the service reads it. */
export function wire(entry) {
  const action = {
    action_id: entry.id, type: entry.type, delivery_id: entry.delivery,
    occurred_at: entry.occurred_at, device_seq: entry.seq,
  };
  if (entry.payload) action.payload = entry.payload;
  if (entry.point) action.point = entry.point;
  return action;
}

/** What becomes of an entry by its verdict: 'sent', 'again' (another phone acts; it waits on), or 'trouble'. */
export function fate(verdict) {
  if (verdict.verdict === 'applied') return 'sent';
  if (verdict.verdict === 'duplicate') return verdict.first === 'applied' ? 'sent' : 'trouble';
  return verdict.code === 'session_superseded' ? 'again' : 'trouble';
}

/** The same press from two tabs is one action: no two entries have the same mark. `times` counts what may come again. */
export function markOf(type, delivery, version, times) {
  return [type, delivery, version, times].join(' ');
}
