/** The patient's pages: the landing page is whole without this script, the visit page lives by it. */

import './patient/patient.css';
import { enhanceLanding } from './patient/landing';
import { readFirst } from './patient/first';
import { Visit } from './patient/visit';

const first = readFirst();
enhanceLanding();
if (first) new Visit(first).start();
