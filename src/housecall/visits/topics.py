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


def warm_topic(warm_id: str) -> str:
    """What the clinician's end of one warm-up hears of the patient's; nobody else knows its name."""
    return f"warm.{warm_id}"


def room_topic(visit_id: str) -> str:
    """Who enters and leaves the room, for those in it."""
    return f"room.{visit_id}"
