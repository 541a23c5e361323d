// What this phone keeps: the queue of actions, and a few named values (session, last feed, preferences).

let opened;

function open() {
  opened ||= new Promise((resolve, reject) => {
    const request = indexedDB.open('callahead-courier', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('values');
      const queue = request.result.createObjectStore('queue', { keyPath: 'seq', autoIncrement: true });
      queue.createIndex('mark', 'mark', { unique: true });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** Runs `work` on a store; resolves once everything is kept, with what the last request found. */
async function on(name, mode, work) {
  const db = await open();
  return new Promise((resolve, reject) => {
    const tx = db.transaction(name, mode, { durability: 'strict' });
    const request = work(tx.objectStore(name));
    tx.oncomplete = () => resolve(request && request.result);
    tx.onabort = tx.onerror = () => reject(tx.error);
  });
}

/** A named value, or undefined. */
export const kept = (key) => on('values', 'readonly', (store) => store.get(key));
/** Keeps a named value; undefined forgets it. */
export const keep = (key, value) =>
  on('values', 'readwrite', (store) => (value === undefined ? store.delete(key) : store.put(value, key)));
/** All entries of the queue. */
export const entries = () => on('queue', 'readonly', (store) => store.getAll());
/** Keeps a changed entry. */
export const update = (entry) => on('queue', 'readwrite', (store) => store.put(entry));
/** Takes an entry out. */
export const drop = (seq) => on('queue', 'readwrite', (store) => store.delete(seq));

/** Puts new entries at the end, all or none. False when one of them is in the queue already. */
export async function append(fresh) {
  try {
    await on('queue', 'readwrite', (store) => fresh.map((entry) => store.add(entry)).pop());
    return true;
  } catch (error) {
    if (error && error.name === 'ConstraintError') return false;
    throw error;
  }
}

/** One transaction over everything; resolves once it is kept, with what `work` left in its answer's `out`. */
async function overAll(work) {
  const db = await open();
  return new Promise((resolve, reject) => {
    const tx = db.transaction(['queue', 'values'], 'readwrite', { durability: 'strict' });
    const answer = { out: undefined };
    const all = tx.objectStore('queue').getAll();
    all.onsuccess = () => work(tx.objectStore('queue'), all.result, tx.objectStore('values'), answer);
    tx.oncomplete = () => resolve(answer.out);
    tx.onabort = tx.onerror = () => reject(tx.error);
  });
}

/** Takes a press back, whole, unless any of it is on its way to the service. True when it is out. */
export const takeBack = (group) => overAll((queue, all, values, answer) => {
  const mine = all.filter((entry) => entry.group === group);
  answer.out = mine.length > 0 && mine.every((entry) => entry.state === 'waiting' && !entry.sending);
  if (answer.out) mine.forEach((entry) => queue.delete(entry.seq));
});

/** Keeps a new feed; what was sent before it was asked for is in it, and leaves the queue with it. */
export const adopt = (named, sent) => overAll((queue, all, values) => {
  for (const [key, value] of Object.entries(named)) values.put(value, key);
  all.filter((entry) => sent.includes(entry.seq)).forEach((entry) => queue.delete(entry.seq));
});
