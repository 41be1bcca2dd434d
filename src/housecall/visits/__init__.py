"""The heart: visit and participant states, lobby, seats, join links, launches, the schedule of messages."""
