"""Organisations, regions, EHR connections, administrators and roles."""
