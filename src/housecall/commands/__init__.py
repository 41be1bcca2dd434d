"""What an operator types: serve, work, migrate, check, demo, connect, admin."""
