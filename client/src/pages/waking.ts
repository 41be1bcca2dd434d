/** What a live page does when its person or its network is back: the socket does not wait, and sound may begin. */

import { wakeAudio } from '../call/meter';
import { onWake } from '../ui/wake';

/** From now on, as long as the page lives. */
export function keepLive(socket: { nudge: () => void }): void {
  onWake(() => socket.nudge());
  document.addEventListener('pointerdown', wakeAudio);
  document.addEventListener('keydown', wakeAudio);
}
