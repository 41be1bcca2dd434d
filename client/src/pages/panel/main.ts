/** The clinician's panel: reads what the server put into the page and begins. */

import { embed } from './embed';
import './panel.css';
import type { First } from './model';
import { Panel } from './panel';

embed(document.documentElement, window, location.href);
const block = document.getElementById('first');
if (block?.textContent) new Panel(JSON.parse(block.textContent) as First).start();
