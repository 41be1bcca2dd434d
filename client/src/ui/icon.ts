/** Line icons on a 24 px grid; always beside a word, so hidden from screen readers. */

const PATHS = {
  camera: 'M3 7.5A1.5 1.5 0 0 1 4.5 6h9A1.5 1.5 0 0 1 15 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16.5zM15 10.5l6-3.5v10l-6-3.5',
  'camera-off': 'M15 15v1.5a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16.5v-9A1.5 1.5 0 0 1 4.5 6H6M10 6h3.5A1.5 1.5 0 0 1 15 7.5v3l6-3.5v10l-2-1.2M3 3l18 18',
  microphone: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21',
  'microphone-off': 'M9 9v2a3 3 0 0 0 4.6 2.5M15 11V6a3 3 0 0 0-5.7-1.3M5.5 11a6.5 6.5 0 0 0 10 5.5M18.5 11a6.5 6.5 0 0 1-.6 2.7M12 17.5V21M3 3l18 18',
  speaker: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11',
  network: 'M3 9a13 13 0 0 1 18 0M6 12.5a8.6 8.6 0 0 1 12 0M9 16a4.3 4.3 0 0 1 6 0M12 19.5v.01',
  screen: 'M4 5h16v11H4zM9 20h6M12 16v4M12 8v5M9.5 10.5 12 8l2.5 2.5',
  leave: 'M3.6 14.6l2.6-1.4a1.5 1.5 0 0 0 .8-1.4v-1.2a14 14 0 0 1 10 0v1.2a1.5 1.5 0 0 0 .8 1.4l2.6 1.4a1.4 1.4 0 0 0 1.8-.5c1-1.7.6-3.4-.9-4.5a15.5 15.5 0 0 0-18.6 0c-1.5 1.1-1.9 2.8-.9 4.5a1.4 1.4 0 0 0 1.8.5z',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  alert: 'M12 4l9 16H3zM12 10v4.5M12 17.3v.01',
  cross: 'M6 6l12 12M18 6L6 18',
  dots: 'M6 12v.01M12 12v.01M18 12v.01',
  dash: 'M6 12h12',
  phone: 'M5 4h3.5l1.5 4-2 1.5a11 11 0 0 0 5.5 5.5l1.5-2 4 1.5V18a2 2 0 0 1-2 2A14.5 14.5 0 0 1 3 6a2 2 0 0 1 2-2z',
  person: 'M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4.5 20a7.5 7.5 0 0 1 15 0',
  clock: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 7.5V12l3 2',
} as const;

export type IconName = keyof typeof PATHS;

const SVG = 'http://www.w3.org/2000/svg';

export function icon(name: IconName): SVGSVGElement {
  return drawIcon(PATHS[name]);
}

/** An icon of a page's own, on the same grid and in the same stroke. */
export function drawIcon(strokes: string): SVGSVGElement {
  const drawn = document.createElementNS(SVG, 'svg');
  drawn.setAttribute('class', 'icon');
  drawn.setAttribute('viewBox', '0 0 24 24');
  drawn.setAttribute('aria-hidden', 'true');
  drawn.setAttribute('focusable', 'false');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', strokes);
  drawn.append(path);
  return drawn;
}
