// The service says when the feed has changed. Without the stream the page looks by itself every few seconds.

/** The events in a piece of an event stream, and what is left of it. */
export function eventsIn(text) {
  const parts = text.split('\n\n');
  const rest = parts.pop();
  return { events: parts.filter((part) => part.startsWith('event: feed')).length, rest };
}

/** Listens until the stream ends; `heard` is called at each event. */
export async function listen(token, heard, signal) {
  const answer = await fetch('/v1/courier/stream', { headers: { authorization: 'Bearer ' + token, accept: 'text/event-stream' }, signal, cache: 'no-store', credentials: 'omit' });
  if (!answer.ok || !answer.body) return;
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const found = eventsIn(rest + decoder.decode(value, { stream: true }));
    rest = found.rest;
    if (found.events) heard();
  }
}
