"""How each vendor's EHR behaves where it is asked from outside: one object a vendor, over the same hospital."""
