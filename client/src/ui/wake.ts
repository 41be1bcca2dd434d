/** The moments at which a page should find out whether its lines still lead anywhere. */

const LOOK_EVERY_MS = 2_000;
// Far more than a busy page is late; a lid that is closed and opened again need not hide the page.
const SLEPT_MS = 10_000;

/** Hear of it when the network may be another one, the page is seen again, or the machine slept; gives back how to stop. */
export function onWake(hear: () => void): () => void {
  const seen = (): void => {
    if (document.visibilityState === 'visible') hear();
  };
  let lookedAt = Date.now();
  const looking = setInterval(() => {
    const slept = Date.now() - lookedAt > SLEPT_MS;
    lookedAt = Date.now();
    if (slept) seen();
  }, LOOK_EVERY_MS);
  // Some phones tell of the way from Wi-Fi to mobile here alone.
  const { connection } = navigator as { connection?: EventTarget };
  const stops = [
    listen(window, 'online', hear),
    listen(window, 'offline', hear),
    listen(window, 'pageshow', seen),
    listen(document, 'visibilitychange', seen),
    listen(document, 'resume', hear),
    ...(connection?.addEventListener ? [listen(connection, 'change', hear)] : []),
  ];
  return () => {
    clearInterval(looking);
    for (const stop of stops) stop();
  };
}

function listen(target: EventTarget, name: string, hear: () => void): () => void {
  target.addEventListener(name, hear);
  return () => target.removeEventListener(name, hear);
}
