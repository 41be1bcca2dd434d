/** The list of the day: reads what the server put into the page and begins. */

import { embed } from '../panel/embed';
import './worklist.css';
import { Worklist, type FirstList } from './worklist';

embed(document.documentElement, window, location.href);
const block = document.getElementById('first');
if (block?.textContent) new Worklist(JSON.parse(block.textContent) as FirstList).start();
