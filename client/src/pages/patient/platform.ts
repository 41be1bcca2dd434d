/** Which browser this is, as far as a mending text must know. Pure: it reads what it is given. */

import type catalogue from '../../../../src/housecall/web/catalogue/en.json';

export type Platform = keyof (typeof catalogue)['mend']['denied'];

/** Apps that show pages inside themselves, by what they add to the browser's name. */
const APPS = /FBAN|FBAV|FB_IAB|Instagram|Line\/|MicroMessenger|Snapchat|musical_ly|BytedanceWebview|TikTok|LinkedInApp|Twitter|Pinterest|; wv\)/;

export function platformOf(userAgent: string, touchPoints = 0): Platform {
  const isApple = /iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && touchPoints > 1);
  if (isApple) return /CriOS|FxiOS|EdgiOS|OPiOS|DuckDuckGo/.test(userAgent) ? 'ios_other' : 'ios_safari';
  if (/Firefox\//.test(userAgent)) return 'firefox';
  if (/Android/.test(userAgent)) return 'android';
  if (/Chrome\/|Chromium\/|Edg\//.test(userAgent)) return 'chromium';
  return /Safari\//.test(userAgent) ? 'safari' : 'other';
}

export function isPhone(platform: Platform): boolean {
  return platform === 'ios_safari' || platform === 'ios_other' || platform === 'android';
}

/** Whether the page is shown inside another app. */
export function isInApp(userAgent: string): boolean {
  if (APPS.test(userAgent)) return true;
  // Safari itself and every real browser on an iPhone say Safari; a view inside an app does not.
  return /iPhone|iPad|iPod/.test(userAgent) && /AppleWebKit/.test(userAgent) && !/Safari\//.test(userAgent);
}

/** An address that leaves the app for the phone's own browser; null where only copying helps. */
export function wayOut(address: string, userAgent: string): string | null {
  const bare = address.replace(/^https?:\/\//, '');
  if (/Android/.test(userAgent)) return `intent://${bare}#Intent;scheme=${address.split(':')[0]};end`;
  if (/iPhone|iPad|iPod/.test(userAgent) && address.startsWith('https:')) return `x-safari-${address}`;
  return null;
}
