/** The portal: every page works without this script; it adds what only a script can. */

import './portal.css';
import './portal/messages.css';
import './portal/texts.css';
import { runChecks } from './portal/checks';
import { offerCopies } from './portal/copy';
import { keepDrafts } from './portal/keep';
import { followNumbers } from './portal/numbers';
import { offerPreviews } from './portal/preview';

offerCopies(document);
void runChecks(document);
keepDrafts(document);
offerPreviews(document);
followNumbers(document);
