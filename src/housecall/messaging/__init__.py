"""Texts and e-mail: templates, the outbox, receipts, providers. Does not know what a visit is."""
