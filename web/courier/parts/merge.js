// The feed as it looks with everything done on this phone and not sent yet. Pure: feed and entries in, feed out.

/** What comes next at a door nobody has set off to, by what the customer has said. */
function beforeLeaving(stop) {
  if (stop.gate === 'cleared') return { kind: 'set_off', enabled_at: null, why: null, alternative: null };
  const why = { asked: 'waiting_for_answer', held: 'held', silent: 'silent', refused: 'refused' }[stop.gate];
  return { kind: 'wait', enabled_at: null, why: why || 'not_asked', alternative: null };
}

function atDoor(stop, since) {
  const opens = new Date(Date.parse(since) + (stop.waiting_s || 0) * 1000).toISOString();
  const giveUp = { kind: 'fail_attempt', enabled_at: opens, why: null, alternative: null };
  return { kind: 'hand_over', enabled_at: null, why: null, alternative: giveUp };
}

/** How the gate stands after what the customer said on the telephone. */
function gateAfter(outcome) {
  if (['home_now', 'home_until', 'receiver_named'].includes(outcome)) return 'cleared';
  return { home_from: 'held', not_today: 'held', refused: 'refused' }[outcome] || 'silent';
}

const STEPS = {
  collect: (stop) => {
    if (stop.kind === 'pick_up') return null;
    const stop2 = { ...stop, stage: 'collected' };
    return stop.next_action.kind === 'call' ? stop2 : { ...stop2, next_action: beforeLeaving(stop2) };
  },
  set_off: (stop) => ({ ...stop, stage: 'en_route', next_action: { kind: 'arrive', enabled_at: null, why: null, alternative: null } }),
  turn_back: (stop) => ({ ...stop, stage: 'collected', next_action: beforeLeaving(stop) }),
  arrive: (stop, entry) => ({ ...stop, stage: 'at_door', next_action: atDoor(stop, entry.occurred_at) }),
  hand_over: () => null,
  fail_attempt: (stop) => ({ ...stop, kind: 'return', stage: 'returning', next_action: { kind: 'return', enabled_at: null, why: null, alternative: null } }),
  undo_fail: (stop, entry) => ({ ...stop, kind: 'drop_off', stage: 'at_door', next_action: atDoor(stop, entry.occurred_at) }),
  reopen: (stop) => stop,
  call: (stop, entry) => {
    const gate = gateAfter(entry.payload.outcome);
    const stop2 = { ...stop, gate, call_due_at: null };
    if (stop.stage === 'collected') return { ...stop2, next_action: beforeLeaving(stop2) };
    const done = stop.stage === 'assigned' && stop.next_action.kind === 'call';
    return done ? { ...stop2, next_action: { kind: 'wait', enabled_at: null, why: 'collect_first', alternative: null } } : stop2;
  },
};

/** Whether an entry says something about this stop. */
function concerns(entry, stop) {
  if (entry.delivery !== stop.delivery_id) return false;
  return entry.type === 'collect' || stop.kind !== 'pick_up';
}

/** The feed with these waiting entries applied in their order. Where they are now comes first. */
export function merged(feed, waiting) {
  let stops = feed.stops.slice();
  for (const entry of waiting) {
    const step = STEPS[entry.type];
    if (!step) continue;
    stops = stops.map((stop) => (concerns(entry, stop) ? step(stop, entry) : stop)).filter(Boolean);
  }
  const rank = (stop) => ({ at_door: 0, en_route: 1 })[stop.stage] ?? 2;
  if (waiting.length) stops = stops.map((stop, at) => [rank(stop), at, stop]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map((row) => row[2]);
  return { ...feed, stops };
}

/** Going on is not a press: the stop the courier leaves for once nothing holds them here, or undefined. */
export function departsTo(stops) {
  const [first] = stops;
  const open = first && first.kind === 'drop_off' && first.next_action.kind === 'set_off' && !first.next_action.enabled_at;
  return open ? first : undefined;
}

/** What is collected with one press: everything of the same place that stands in front and is ready. */
export function together(stops, now) {
  const [first] = stops;
  if (!first || first.kind !== 'pick_up') return [];
  const same = (stop) => stop.kind === 'pick_up' && stop.pickup_point.name === first.pickup_point.name && stop.address === first.address;
  const open = (stop) => !stop.next_action.enabled_at || Date.parse(stop.next_action.enabled_at) <= now;
  return stops.filter((stop) => same(stop) && open(stop));
}

/** The look of a stop's window. */
export function windowOf(stop) {
  if (stop.kind === 'return') return 'back';
  if (stop.kind === 'pick_up') return 'shop';
  return { cleared: 'lit', asked: 'ask', not_asked: 'ask', held: 'later' }[stop.gate] || 'dark';
}
