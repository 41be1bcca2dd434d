/** What a live page does when its person or its network is back: the socket does not wait, and sound may begin. */

import { wakeAudio } from '../call/meter';

/** From now on, as long as the page lives. */
export function keepLive(socket: { nudge: () => void }): void {
  const nudge = (): void => {
    if (document.visibilityState === 'visible') socket.nudge();
  };
  window.addEventListener('online', nudge);
  window.addEventListener('pageshow', nudge);
  document.addEventListener('visibilitychange', nudge);
  document.addEventListener('pointerdown', wakeAudio);
  document.addEventListener('keydown', wakeAudio);
}
