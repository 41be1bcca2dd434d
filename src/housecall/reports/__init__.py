"""Read-only questions over visits: tables, CSV, charts."""
