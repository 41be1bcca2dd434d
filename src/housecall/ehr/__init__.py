"""Electronic health records: one port, a client per vendor profile, and a twin in memory."""
