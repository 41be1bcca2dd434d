"""Microsoft Teams as the meeting service: Graph's client, and what it makes of meetings, rosters and records."""
