"""Names of what is published and heard; opaque to the sockets."""


def staff_topic(visit_id: str) -> str:
    """Whole snapshots of the visit, for panels."""
    return f"staff.{visit_id}"


def participant_topic(participant_id: str) -> str:
    """What one person's pages hear: their state, admission, signals, replacement, the end."""
    return f"participant.{participant_id}"


def room_topic(visit_id: str) -> str:
    """Who enters and leaves the room, for those in it."""
    return f"room.{visit_id}"
