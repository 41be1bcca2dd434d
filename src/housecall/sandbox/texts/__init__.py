"""The make-believe telecom side: a gateway for texts, a number provider, signed calls to Housecall."""
