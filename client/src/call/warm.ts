/** Has the browser load what a call needs before it is needed: its first connection takes tens of milliseconds longer. */

/** Nothing is connected, gathered or sent: the offer is thrown away with the connection it was made on. */
export async function warmUp(make: () => RTCPeerConnection = () => new RTCPeerConnection()): Promise<void> {
  let spare: RTCPeerConnection | undefined;
  try {
    spare = make();
    spare.addTransceiver('audio');
    spare.addTransceiver('video');
    await spare.createOffer();
  } catch {
    // A browser that cannot do this says so when the call begins.
  } finally {
    spare?.close();
  }
}
