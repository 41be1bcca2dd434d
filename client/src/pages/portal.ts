/** The portal: every page works without this script; it adds what only a script can. */

import './portal.css';
import { runChecks } from './portal/checks';
import { offerCopies } from './portal/copy';

offerCopies(document);
void runChecks(document);
