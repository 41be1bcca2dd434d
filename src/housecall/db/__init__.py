"""Engines by region, one unit of work per request, effects after the commit, the queue, migrations."""
