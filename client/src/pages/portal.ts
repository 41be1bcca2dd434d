/** The portal and all pages without a script of their own: style, and nothing else. */

import './portal.css';
