import { describe, expect, it } from 'vitest';
import { beginAt } from '../src/call/bitrate';

const SDP = ['v=0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10', 'm=video 9 UDP/TLS/RTP/SAVPF 96 97 103', 'a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 nack', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96', 'a=rtpmap:103 H264/90000', 'a=fmtp:103 profile-level-id=42001f', ''].join('\r\n');

describe('what a connection begins with', () => {
  it('is said for every codec of pictures, and for nothing else', () => {
    const lines = beginAt(SDP, 600).split('\r\n');

    expect(lines.filter((line) => line.includes('start-bitrate'))).toEqual(['a=fmtp:96 x-google-start-bitrate=600', 'a=fmtp:103 profile-level-id=42001f;x-google-start-bitrate=600']);
    expect(lines.filter((line) => !line.includes('start-bitrate'))).toEqual(SDP.split('\r\n').filter((line) => !line.startsWith('a=fmtp:103')));
  });

  it('leaves a description without pictures as it is', () => {
    const sound = SDP.slice(0, SDP.indexOf('m=video'));

    expect(beginAt(sound, 600)).toBe(sound);
  });
});
