// What time it is by the service's clock. The phone's own clock may be wrong, or set wrong on purpose.

/** A contact is the last answer that told the service's time: { server, wall, mono, load }, all in milliseconds.
 *  Within one load of the page the monotonic clock counts on; after a reload only the phone's clock is left. */
export function serverNow(contact, clock) {
  if (!contact) return clock.wall;
  const passed = contact.load === clock.load ? clock.mono - contact.mono : clock.wall - contact.wall;
  return contact.server + Math.max(0, passed);
}

/** This phone's clocks now. `load` tells one load of the page from another. */
export function phoneClock() {
  return { wall: Date.now(), mono: performance.now(), load: Math.round(performance.timeOrigin) };
}

/** Whole seconds left until an instant of the service, never below 0. */
export function secondsLeft(until, now) {
  return Math.max(0, Math.ceil((Date.parse(until) - now) / 1000));
}

/** m:ss, or plain seconds below one minute. */
export function minutesAndSeconds(seconds) {
  if (seconds < 60) return String(seconds);
  return Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0');
}
