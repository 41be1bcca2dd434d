/** What to do about a device that does not start, in words for this very browser. */

import type { DeviceKind, MediaFault } from '../../call/media';
import type { Texts } from './first';
import { isPhone, type Platform } from './platform';

export function mendingText(kind: DeviceKind, fault: MediaFault, platform: Platform, texts: Texts['mend']): string {
  switch (fault) {
    case 'denied':
      return texts.denied[platform];
    case 'system':
      return isPhone(platform) ? texts.system.phone : texts.system.computer;
    case 'not-found':
      return kind === 'camera' ? texts.not_found_camera : texts.not_found_microphone;
    case 'dismissed':
    case 'busy':
    case 'insecure':
    case 'unsupported':
    case 'lost':
    case 'unknown':
      return texts[fault];
  }
}
