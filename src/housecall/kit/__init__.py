"""Tools without a domain noun: clock, ids, sealing, signing, http, csv, redaction, the error root."""
