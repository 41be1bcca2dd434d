/** How much a connection sends at once, before it has measured what the network carries. */

// Most codecs' names as descriptions have them; what repairs losses is not asked for pictures.
const PICTURES = /^a=rtpmap:(\d+) (?:VP8|VP9|AV1|H264|H265)\/90000$/i;

/**
 * `sdp`, a description of the other side, with what we begin to send. Browsers made from Chromium's sources begin at 300 kbit/s
 * otherwise, drop the first frames and send smaller ones for seconds; others pass it over.
 */
export function beginAt(sdp: string, kbps: number): string {
  const lines = sdp.split('\r\n');
  const codecs = lines.flatMap((line) => PICTURES.exec(line)?.[1] ?? []);
  const said = `x-google-start-bitrate=${kbps}`;
  return lines
    .flatMap((line) => {
      const format = /^a=fmtp:(\d+) /.exec(line)?.[1];
      if (format && codecs.includes(format)) return [`${line};${said}`];
      const codec = PICTURES.exec(line)?.[1];
      if (codec && !lines.some((other) => other.startsWith(`a=fmtp:${codec} `))) return [line, `a=fmtp:${codec} ${said}`];
      return [line];
    })
    .join('\r\n');
}
