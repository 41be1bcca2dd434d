"""The form that says where a connection's visits are held: its fields, what is wrong with them, what they mean."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, Field

from housecall.meetings.base import OWN_ROOMS, Chat
from housecall.meetings.teams.backend import TEAMS
from housecall.meetings.teams.clouds import CLOUDS
from housecall.tenancy.meetings import TeamsChoice, mark_of
from housecall.tenancy.tables import Connection

SERVICES: Final = ((OWN_ROOMS, "In rooms of Housecall’s own"), (TEAMS, "In Microsoft Teams"))
CLOUD_WORDS: Final = (
    ("global", "Global, GCC included"),
    ("usgov-high", "US Government, GCC High"),
    ("usgov-dod", "US Government, DoD"),
    ("china", "China"),
)
CHAT_WORDS: Final = (
    (Chat.limited.value, "While the meeting lasts"),
    (Chat.enabled.value, "Before and after it as well"),
    (Chat.disabled.value, "Never"),
)
CLINICIAN, ACCOUNT = "clinician", "account"
ORGANISERS: Final = (
    (CLINICIAN, "Each visit’s own clinician"),
    (ACCOUNT, "One account for all"),
)
_CHOICES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "service": SERVICES,
    "cloud": CLOUD_WORDS,
    "chat": CHAT_WORDS,
    "organises": ORGANISERS,
}
_OBJECT_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class MeetingsForm(BaseModel):
    """Where visits are held, as typed."""

    service: str = Field(OWN_ROOMS, max_length=40)
    tenant: str = Field("", max_length=200)
    client_id: str = Field("", max_length=200)
    cloud: str = Field("global", max_length=40)
    organises: str = Field(CLINICIAN, max_length=40)
    organiser: str = Field("", max_length=200)
    chat: str = Field(Chat.limited.value, max_length=40)
    may_record: bool = False
    before: str = Field("", max_length=4000)


@dataclass(frozen=True)
class Read:
    """What a form means, and what is wrong with it by field."""

    service: str
    choice: TeamsChoice | None
    faults: dict[str, str]


def form_of(connection: Connection) -> MeetingsForm:
    """The form as the connection stands."""
    return _form(connection.meeting_service, connection.meeting_options, mark_of(connection))


def _form(service: str, options: Mapping[str, Any], before: str) -> MeetingsForm:
    organiser = options.get("organiser") or ""
    return MeetingsForm(
        service=service,
        tenant=options.get("tenant", ""),
        client_id=options.get("client_id", ""),
        cloud=options.get("cloud", "global"),
        organises=ACCOUNT if organiser else CLINICIAN,
        organiser=organiser,
        chat=options.get("chat", Chat.limited.value),
        may_record=options.get("may_record", False),
        before=before,
    )


def read_form(form: MeetingsForm, *, has_key: bool) -> Read:
    """What was typed, and every fault at its field. Teams may be set up before it is chosen, but not in part."""
    tenant, client_id = read_object_id(form.tenant), read_object_id(form.client_id)
    is_used = form.service == TEAMS or bool(form.tenant.strip() or form.client_id.strip())
    faults = {
        name: "Choose one of the list."
        for name, choices in _CHOICES.items()
        if getattr(form, name) not in dict(choices)
    }
    if is_used and tenant is None:
        faults["tenant"] = (
            "Give the directory’s id: eight, four, four, four and twelve signs with hyphens between."
        )
    if is_used and client_id is None:
        faults["client_id"] = "Give the application’s id, of the same form as the directory’s."
    if is_used and "cloud" not in faults and CLOUDS[form.cloud].unfit_because:
        faults["cloud"] = CLOUDS[form.cloud].unfit_because
    organiser = read_object_id(form.organiser) if form.organises == ACCOUNT else None
    if is_used and form.organises == ACCOUNT and organiser is None:
        faults["organiser"] = "Give the account’s object id, as the Entra admin center shows it."
    if form.service == TEAMS and not has_key:
        faults["service"] = "Make a certificate first, or upload one; then choose Teams."
    choice = TeamsChoice(
        tenant=tenant or "",
        client_id=client_id or "",
        cloud=form.cloud,
        organiser=organiser,
        chat=form.chat,
        may_record=form.may_record,
    )
    return Read(form.service, choice if is_used else None, faults)


def read_object_id(typed: str) -> str | None:
    """An id as Entra gives them, or None of anything else."""
    plain = typed.strip().lower()
    return plain if _OBJECT_ID.fullmatch(plain) else None


def what_stands(form: MeetingsForm, connection: Connection) -> dict[str, str]:
    """By field what somebody else made of it since the form was shown."""
    was, now = _read_mark(form.before), form_of(connection)
    found = {}
    for name in MeetingsForm.model_fields.keys() - {"before"}:
        value = getattr(now, name)
        if value not in (getattr(was, name), getattr(form, name)):
            words = dict(_CHOICES.get(name, ())).get(value, value) or "nothing"
            found[name] = (
                f"What stands now is: {'yes' if value is True else 'no' if value is False else words}"
            )
    return found


def _read_mark(mark: str) -> MeetingsForm:
    try:
        options = json.loads(mark)
        return _form(options.pop("service"), options, mark)
    except (ValueError, KeyError, AttributeError, TypeError):
        return _form(OWN_ROOMS, {}, mark)
