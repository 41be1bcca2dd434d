/** The clinician's panel: reads what the server put into the page and begins. */

import './panel.css';
import type { First } from './model';
import { Panel } from './panel';

const block = document.getElementById('first');
if (block?.textContent) new Panel(JSON.parse(block.textContent) as First).start();
