"""Names of what is published and heard; opaque to the sockets."""


def staff_topic(visit_id: str) -> str:
    """Whole snapshots of the visit, for panels."""
    return f"staff.{visit_id}"


def worklist_topic(connection_id: str) -> str:
    """Snapshots of every visit of a connection, for lists of the day."""
    return f"worklist.{connection_id}"


def participant_topic(participant_id: str) -> str:
    """What one person's pages hear: their state, admission, signals, replacement, the end."""
    return f"participant.{participant_id}"


def room_topic(visit_id: str) -> str:
    """Who enters and leaves the room, for those in it."""
    return f"room.{visit_id}"
