"""What changed on a connection, for the audit log: each setting before and after, secrets only as being there."""

from typing import Final

from housecall.audit.model import Value, before_and_after
from housecall.tenancy.tables import Connection

_SHOWN: Final = (
    "base_url", "environment", "vendor", "client_kind", "client_id", "system_client_id", "patient_base_url",
    "patient_client_id", "locations", "practitioners", "virtual_rules", "time_zone", "phone_region", "write_back",
    "frame_ancestors", "confirm_existing", "lobby_opens_min", "window_closes_min", "texts_from",
    "requests_per_min", "is_mpages",
)  # fmt: skip
_SECRET: Final = ("client_secret_sealed", "system_client_secret_sealed", "patient_client_secret_sealed")

Snapshot = dict[str, str]


def snapshot(connection: Connection) -> Snapshot:
    """Every setting as one text; a secret as what it is sealed to, which says that it is another, and no more."""
    shown = {name: _as_text(getattr(connection, name)) for name in _SHOWN}
    # Numbers are people: the log says only how many are listed.
    shown["texts_to"] = "any" if "any" in connection.texts_to else f"{len(connection.texts_to)} numbers"
    return shown | {name: (getattr(connection, name) or b"").hex() for name in _SECRET}


def differences(before: Snapshot, after: Snapshot) -> dict[str, Value]:
    """What of it changed, as the detail of an audit entry."""
    was: Snapshot = {}
    now: Snapshot = {}
    for name in (*_SHOWN, "texts_to", *_SECRET):
        if before.get(name, "") != after.get(name, ""):
            told, was_told, now_told = _told(name, before.get(name, ""), after.get(name, ""))
            was[told], now[told] = was_told, now_told
    return before_and_after(was, now)


def _told(name: str, was: str, now: str) -> tuple[str, str, str]:
    if name not in _SECRET:
        return name, was, now
    after = "none" if not now else "set anew" if was else "set"
    return name.removesuffix("_sealed"), "set" if was else "none", after


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return " | ".join(str(one) for one in value)
    return "" if value is None else str(value)
