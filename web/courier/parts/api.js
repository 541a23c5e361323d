// Talking to the service. Every answer is { status, json, etag }; no answer at all is status 0.

const PATIENCE_MS = 20000;

/** One request. `token` signs it, `key` names it so that it can be repeated. */
export async function ask(method, path, { token, body, key, etag, type } = {}) {
  const headers = { accept: 'application/json' };
  if (token) headers.authorization = 'Bearer ' + token;
  if (body !== undefined) headers['content-type'] = type || 'application/json';
  if (key) headers['idempotency-key'] = key;
  if (etag) headers['if-none-match'] = etag;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const sent = body === undefined || type ? body : JSON.stringify(body);
    const answer = await fetch(path, { method, headers, body: sent, signal: stop.signal, cache: 'no-store', credentials: 'omit' });
    const text = answer.status === 304 ? '' : await answer.text();
    let json = null;
    try { json = text ? JSON.parse(text) : null; } catch { /* what stands between us and the service answered */ }
    const ours = answer.ok || answer.status === 304 || (json && json.code);
    return { status: ours ? answer.status : 0, json: json || {}, etag: answer.headers.get('etag'), wait: Number(answer.headers.get('retry-after')) };
  } catch {
    return { status: 0, json: {}, etag: null, wait: 0 };
  } finally {
    clearTimeout(timer);
  }
}
