// C10: reading the customer's code with the phone's own detector. Where there is none, the digits are typed.

import { h, icon } from './dom.js';
import { bar, button, calledName, errorBox, go, head, screen, shortId, trio } from './frame.js';
import { problem } from './enter.js';
import { handOver } from './door.js';
import { digitsHold } from './digits.js';
import { changed, state, stopOf } from './state.js';
import { t } from './words.js';

const camera = { stream: null, looking: false };

/** Whether this phone reads codes by itself. */
export const canScan = () => 'BarcodeDetector' in self && Boolean(navigator.mediaDevices);

/** Lets go of the camera. */
export function stopCamera() {
  if (camera.stream) camera.stream.getTracks().forEach((track) => track.stop());
  camera.stream = null;
  camera.looking = false;
}

function felt(good) {
  if (navigator.vibrate) navigator.vibrate(good ? 60 : [60, 80, 60]);
}

/** What was read: the six digits of a code, or nothing of ours. */
export function digitsIn(text) {
  const found = /(?:^|[^0-9])([0-9]{6})$/.exec(text);
  return found && digitsHold(found[1]) ? found[1] : null;
}

async function read(stop, text) {
  const code = digitsIn(text);
  if (!code) { felt(false); state.error = { code: 'not_a_code' }; changed(); return false; }
  felt(true);
  stopCamera();
  await handOver(stop, { code }, { hold: !state.signal });
  return true;
}

async function look(video, stop) {
  const detector = new BarcodeDetector({ formats: ['qr_code'] });
  while (camera.looking && video.isConnected) {
    const [found] = await detector.detect(video).catch(() => []);
    if (found && (await read(stop, found.rawValue))) return;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

/** Opens the camera on the screen's picture; without one, or without leave to use it, the digits are typed. */
export async function startCamera(delivery) {
  const video = document.getElementById('camera');
  if (!video || camera.looking) return;
  camera.looking = true;
  try {
    camera.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
    video.srcObject = camera.stream;
    await video.play();
    await look(video, stopOf(delivery));
  } catch {
    stopCamera();
    go('type/' + delivery);
    state.error = { code: 'no_camera' };
    changed();
  }
}

async function torch() {
  const [track] = camera.stream ? camera.stream.getVideoTracks() : [];
  camera.lit = !camera.lit;
  if (track) await track.applyConstraints({ advanced: [{ torch: camera.lit }] }).catch(() => {});
}

async function fromFile(event, stop) {
  const [file] = event.target.files;
  if (!file) return;
  const [found] = await new BarcodeDetector({ formats: ['qr_code'] }).detect(await createImageBitmap(file)).catch(() => []);
  await read(stop, found ? found.rawValue : '');
}

/** C10. */
export function scanScreen(delivery) {
  const stop = stopOf(delivery);
  return screen({
    name: 'scan', top: bar(t('order', { id: shortId(stop.order_id) }), 'stop/' + delivery),
    body: [head(t('scan.title', { name: calledName(stop) })), errorBox(problem()), h('div', { class: 'view' }, h('video', { id: 'camera', playsinline: true, muted: true }), h('div', { class: 'hole' })), h('p', { class: 'muted' }, t('scan.about'))],
    thumb: trio(button(t('scan.torch'), { sign: 'torch', press: torch }), button(t('door.type'), { sign: 'qr', href: '#/type/' + delivery }),
      h('label', { class: 'btn' }, icon('cam'), t('scan.file'), h('input', { class: 'vh', id: 'scan-file', type: 'file', accept: 'image/*', onchange: (event) => fromFile(event, stop) }))),
  });
}
