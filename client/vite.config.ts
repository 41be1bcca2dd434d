import { defineConfig } from 'vitest/config';
import { OLDEST } from './src/ui/browsers.ts';

const BROWSERS = ['es2020', ...Object.entries(OLDEST).map(([name, version]) => `${name}${version}`)];

export default defineConfig({
  base: '/static/build/',
  publicDir: false,
  build: {
    outDir: '../src/housecall/web/static/build',
    emptyOutDir: true,
    manifest: true,
    target: BROWSERS,
    modulePreload: { polyfill: false },
    // Everything is a file of its own: the pages' policy allows no inline code.
    assetsInlineLimit: 0,
    rollupOptions: { input: ['src/pages/patient.ts', 'src/pages/panel/main.ts', 'src/pages/worklist/main.ts', 'src/pages/portal.ts'] },
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
