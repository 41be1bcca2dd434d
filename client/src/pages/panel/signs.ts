/** The panel's own icons beside those of all pages: what a state or a press looks like. */

import { drawIcon, icon, type IconName } from '../../ui/icon';

const PATHS = {
  absent: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z',
  link: 'M10 14l4-4M8.5 12l-2 2a3.5 3.5 0 0 0 5 5l2-2M15.5 12l2-2a3.5 3.5 0 0 0-5-5l-2 2',
  chair: 'M7 3v10h9M7 17h10v-4M7 13v8M17 17v4',
  enter: 'M4 12h11M11 8l4 4-4 4M15 4h5v16h-5',
  exit: 'M15 12H4M8 8l-4 4 4 4M12 4h8v16h-8',
  pause: 'M9 6v12M15 6v12',
  again: 'M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6',
  stop: 'M7 7h10v10H7z',
  bell: 'M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 21h4',
  'bell-off': 'M6 16.5V11c0-1 .3-2 .7-2.8M9 5.8A6 6 0 0 1 18 11v3M16 18H4.5L6 16.5M10 21h4M3 3l18 18',
  message: 'M4 5h16v11H10l-4 4v-4H4z',
  shield: 'M12 3l7 3v5c0 4.5-3 8-7 10-4-2-7-5.500-7-10V6z',
  apart: 'M13 4h7v7M20 4l-9 9M17 14v6H4V7h6',
  back: 'M14 6l-6 6 6 6',
} as const;

export type SignName = keyof typeof PATHS | IconName;

export function sign(name: SignName): SVGSVGElement {
  return name in PATHS ? drawIcon(PATHS[name as keyof typeof PATHS]) : icon(name as IconName);
}
