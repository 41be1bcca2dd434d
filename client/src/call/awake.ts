/** Keeps the screen on while somebody waits or talks. */

/** Starts now; gives back how to stop. Where the browser cannot, nothing happens. */
export function keepAwake(): () => void {
  const wakeLock = (navigator as { wakeLock?: WakeLock }).wakeLock;
  let lock: WakeLockSentinel | null = null;
  let wanted = true;
  const hold = async (): Promise<void> => {
    if (!wanted || document.visibilityState !== 'visible' || !wakeLock) return;
    try {
      lock = await wakeLock.request('screen');
      if (!wanted) await lock.release();
    } catch {
      // A low battery refuses it; the call goes on.
    }
  };
  const again = (): void => void hold();
  // The browser lets go whenever the page is hidden.
  document.addEventListener('visibilitychange', again);
  void hold();
  return () => {
    wanted = false;
    document.removeEventListener('visibilitychange', again);
    void lock?.release().catch(() => undefined);
  };
}
