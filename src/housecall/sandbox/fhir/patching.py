"""Changing an appointment: the few JSON Patch operations that Millennium takes, and no other."""

import json
import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from housecall.sandbox.booking import MOVES, Appointment, Rooms
from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.fhir.coding import EXTENSIONS
from housecall.sandbox.fhir.exchange import Call, Reply, missing, refused

# In a PATCH, number 0 is the provider's room and number 1 the patient's, whatever order a read shows.
_PROVIDER: Final = "/contained/0/telecom/0/value"
_PATIENT: Final = "/contained/1/telecom/0/value"
_START: Final = "/contained/0/telecom/0/period/start"
_END: Final = "/contained/0/telecom/0/period/end"
_LINKS: Final = {_PROVIDER, _PATIENT, _START, _END}
_LONGEST_URL: Final = 255
_REST: Final = {"/status", "/slot", "/reasonCode", "/cancelationReason", "/extension", "/comment"}
# Kind, place, minutes since 1970, and one more number nobody explains.
_SLOT: Final = re.compile(r"Slot/\d+-(\d+)-(\d{1,9})-\d+")

Op = dict[str, object]


def patch(call: Call) -> Reply:
    """The appointment is changed, as a new version: an empty answer with its ETag."""
    own = call.own_patient("u")
    call.may("r")
    appointment = call.house.world.record.appointments.get(call.resource_id or "")
    if appointment is None or (own and appointment.patient != own):
        raise missing()
    _check_form(call)
    _check_version(call, appointment)
    _check_faults(call)
    ops = _read_ops(call.body)
    if any(op["path"] in _LINKS for op in ops):
        _write_links(appointment, ops)
    else:
        _write_rest(appointment, ops, call.house.world.record.locations)
    appointment.change(call.house.clock.now())
    call.house.world.touch()
    return Reply(200, None, {"ETag": f'W/"{appointment.version_id}"'})


def _check_form(call: Call) -> None:
    media = call.headers.get("content-type", "").partition(";")[0].strip()
    if media != "application/json-patch+json":
        raise refused(415, "not-supported", "Content-Type must be application/json-patch+json")


def _check_version(call: Call, appointment: Appointment) -> None:
    match = call.headers.get("if-match")
    if not match:
        raise refused(412, "required", "If-Match is required")
    if not (match.startswith('W/"') and match.endswith('"')):
        raise FhirRefused(400, 'If-Match must be of the form W/"version"')
    if match[3:-1] != appointment.version_id:
        raise refused(409, "conflict", "The version is not the newest one")


def _check_faults(call: Call) -> None:
    match call.house.switches.patch_fault:
        case "locked":
            raise refused(423, "lock-error", "The appointment is locked by another user")
        case "dependency":
            raise refused(424, "processing", "A dependent operation failed")


def _read_ops(body: bytes) -> list[Op]:
    try:
        ops = json.loads(body)
    except ValueError:
        raise FhirRefused(400, "The body is not JSON") from None
    if not isinstance(ops, list) or not ops or not all(isinstance(op, dict) for op in ops):
        raise FhirRefused(400, "The body is not a JSON Patch")
    if not all(isinstance(op.get("op"), str) and isinstance(op.get("path"), str) for op in ops):
        raise FhirRefused(400, "Each operation needs op and path")
    return ops


def _rule(text: str) -> FhirRefused:
    return refused(422, "business-rule", text)


def _write_links(appointment: Appointment, ops: list[Op]) -> None:
    """Exactly the four operations on the rooms, all ``add`` the first time, all ``replace`` later."""
    values = {str(op["path"]): op.get("value") for op in ops}
    kinds = {op["op"] for op in ops}
    if len(ops) != 4 or set(values) != _LINKS or len(kinds) != 1 or not kinds <= {"add", "replace"}:
        raise _rule("All four operations on the virtual rooms must be given, all add or all replace")
    if not appointment.is_video:
        raise _rule("The appointment is not a video visit")
    if kinds == {"add"} and appointment.rooms:
        raise refused(409, "conflict", "The appointment has links already")
    if kinds == {"replace"} and not appointment.rooms:
        raise _rule("The appointment has no links to replace")
    for path in (_PROVIDER, _PATIENT):
        if not _is_url(values[path]):
            raise _rule("A link must be an address of at most 255 characters")
    for path in (_START, _END):
        value = values[path]
        if not isinstance(value, str) or "T" not in value:
            raise _rule("A period needs a start and an end with time")
    appointment.rooms = Rooms(*(str(values[path]) for path in (_PROVIDER, _PATIENT, _START, _END)))


def _is_url(value: object) -> bool:
    if not isinstance(value, str) or len(value) > _LONGEST_URL:
        return False
    return urlsplit(value).scheme in ("http", "https") and bool(urlsplit(value).netloc)


def _write_rest(appointment: Appointment, ops: list[Op], places: Collection[str]) -> None:
    """Status, slot and what belongs to them, or the patient's answer; anything else cannot be written.

    All is read before anything is changed: a refused PATCH leaves the appointment as it was.
    """
    paths = {str(op["path"]): op for op in ops}
    if len(paths) != len(ops):
        raise _rule("An element may be changed once")
    if set(paths) == {"/patient-status"}:
        return _accept(appointment, paths["/patient-status"])
    if not set(paths) <= _REST or not {"/status", "/slot"} & set(paths):
        raise refused(422, "not-supported", "The operations are not supported")
    changes: dict[str, object] = {}
    if "/status" in paths:
        changes |= _status(appointment, paths)
    if "/cancelationReason" in paths and changes.get("status") != "cancelled":
        raise _rule("A cancelation reason needs the status cancelled")
    if "/slot" in paths:
        changes |= _slot(appointment, paths["/slot"], places)
    changes |= _words(paths)
    for name, value in changes.items():
        setattr(appointment, name, value)
    return None


def _status(appointment: Appointment, paths: dict[str, Op]) -> dict[str, object]:
    if paths["/status"]["op"] != "replace":
        raise refused(422, "not-supported", "The status can only be replaced")
    wanted = str(paths["/status"].get("value"))
    if wanted not in MOVES.get(appointment.status, ()):
        raise _rule(f"The status cannot change from {appointment.status} to {wanted}")
    changes: dict[str, object] = {"status": wanted}
    if wanted == "cancelled":
        changes["cancel_reason"] = "Cancelled through the interface"
    return changes


def _slot(appointment: Appointment, op: Op, places: Collection[str]) -> dict[str, object]:
    """Place and start of the slot: its id is composite, and says both."""
    if op["op"] not in ("add", "replace") or appointment.status not in ("proposed", "booked"):
        raise _rule("The appointment cannot be rescheduled")
    slots = op.get("value")
    slot = slots[0] if isinstance(slots, list) and len(slots) == 1 else None
    match = _SLOT.fullmatch(str(slot.get("reference"))) if isinstance(slot, dict) else None
    if match is None or match[1] not in places:
        raise _rule("The slot is not available")
    return {"location": match[1], "start": datetime.fromtimestamp(60 * int(match[2]), UTC)}


def _words(paths: dict[str, Op]) -> dict[str, object]:
    """What is written in words: the reason, and a comment."""
    changes: dict[str, object] = {}
    if "/reasonCode" in paths:
        reasons = paths["/reasonCode"].get("value")
        reason = reasons[0] if isinstance(reasons, list) and len(reasons) == 1 else None
        if not isinstance(reason, dict) or not isinstance(reason.get("text"), str):
            raise _rule("Exactly one reason with a text is needed")
        changes["reason"] = reason["text"]
    if "/comment" in paths:
        if "/slot" not in paths or paths["/comment"]["op"] != "replace":
            raise _rule("A comment can only be replaced, together with the slot")
        changes["comment"] = str(paths["/comment"].get("value"))
    if "/extension" in paths and (text := _extension(paths, paths["/extension"].get("value"))) is not None:
        changes["comment"] = text
    return changes


def _extension(paths: dict[str, Op], value: object) -> str | None:
    """The text of a written action-comment; None for a reschedule-reason, which is taken and not shown."""
    written = value[0] if isinstance(value, list) and len(value) == 1 else None
    url = str(written.get("url")) if isinstance(written, dict) else ""
    if isinstance(written, dict) and url == f"{EXTENSIONS}/action-comment":
        text = written.get("valueString")
        if isinstance(text, str):
            return text
    if url == f"{EXTENSIONS}/reschedule-reason" and "/slot" in paths:
        return None
    raise refused(422, "extension", "The extension is not one that can be written here")


def _accept(appointment: Appointment, op: Op) -> None:
    if op["op"] != "replace" or op.get("value") != "accepted":
        raise _rule("A patient's status can only become accepted")
    if appointment.status != "booked" or appointment.patient_status != "tentative":
        raise _rule("Only a tentative patient of a booked appointment can accept")
    appointment.patient_status = "accepted"
