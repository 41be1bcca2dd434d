"""What a deployment stands on, tested live: one list for the portal's page and for the command."""
