// The service worker: the page starts without signal, and what waits is sent when the signal is back. It keeps the
// page's own files and nothing of the API. VERSION and FILES stand in front of this file when it is served.

import { sync } from './sync.js';

const KEEP = 'callahead-courier-' + VERSION;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(KEEP).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  const old = (names) => names.filter((name) => name.startsWith('callahead-courier-') && name !== KEEP);
  const clear = caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name))));
  event.waitUntil(clear.then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== self.location.origin) return;
  const file = event.request.mode === 'navigate' && pathname === '/courier' ? '/courier' : pathname;
  if (FILES.includes(file)) event.respondWith(caches.match(file).then((found) => found || fetch(event.request)));
});

self.addEventListener('sync', (event) => {
  const told = (what) => new BroadcastChannel('callahead-courier').postMessage({ synced: what });
  event.waitUntil(sync().then(told));
});
