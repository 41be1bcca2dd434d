"""An organisation's own words for its messages: checked, saved against a version, taken back."""

import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from housecall.audit.model import Act, By, before_and_after
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.errors import Overtaken
from housecall.kit.ids import OrgId
from housecall.kit.languages import has_texts
from housecall.messaging.errors import TemplateRefused
from housecall.messaging.model import CANCELLATIONS, Channel, MessageKind
from housecall.messaging.segments import segments
from housecall.messaging.tables import MessageTemplate
from housecall.messaging.templates import FIELDS, Wording, fields_of, render, shipped

# In the order of a visit's life. HELP is answered in our own words: they say how to stop.
EDITABLE: Final = (
    MessageKind.confirmation,
    MessageKind.reminder,
    MessageKind.changed,
    MessageKind.cancelled,
    MessageKind.link,
    MessageKind.ready,
    MessageKind.invitation,
    MessageKind.invitation_changed,
    MessageKind.invitation_cancelled,
)
# The link of a cancelled visit is dead.
WITH_LINK: Final = frozenset(EDITABLE) - CANCELLATIONS

# A subject is read on locked screens and kept in lists: neither the link nor a number belongs there.
_SUBJECT_FIELDS: Final = FIELDS - {"link", "phone"}
_LONGEST: Final = {Channel.sms: 600, Channel.email: 4000}
_LONGEST_SUBJECT: Final = 150
# A longer text costs more than it says, and some phones show its parts out of order.
_MOST_SEGMENTS: Final = 4


@dataclass(frozen=True)
class Which:
    """One message of one channel in one language."""

    kind: MessageKind
    channel: Channel
    language: str
    # In a department's words; empty: in the whole organisation's.
    department: str = ""

    @property
    def key(self) -> str:
        """Its name in the audit log."""
        of = f".{self.department}" if self.department else ""
        return f"{self.kind}.{self.channel}.{self.language}{of}"


@dataclass(frozen=True)
class Stand:
    """A wording as it stands; ``version`` 0 was never changed."""

    wording: Wording
    is_own: bool
    version: int


def find_which(kind: str, channel: str, language: str, department: str = "") -> Which | None:
    """The message of these names, None when there is none to edit."""
    if kind not in EDITABLE or channel not in set(Channel) or not has_texts(language, "messages"):
        return None
    return Which(MessageKind(kind), Channel(channel), language, department)


async def read_stand(work: Work, org_id: OrgId, which: Which) -> Stand:
    """The wording that is sent now."""
    return _stand(await _find(work, org_id, which), await _beneath(work, org_id, which))


async def list_own(work: Work, org_id: OrgId, department: str = "") -> set[str]:
    """Kind, channel and language, with dots between, of the wordings that the department has of its own."""
    found = await work.session.scalars(
        select(MessageTemplate).where(
            MessageTemplate.org_id == org_id,
            MessageTemplate.department_id == department,
            MessageTemplate.body.is_not(None),
        )
    )
    return {f"{one.kind}.{one.channel}.{one.language}" for one in found}


async def save_template(
    work: Work, org_id: OrgId, which: Which, wording: Wording, *, version: int, by: By, now: datetime
) -> Stand:
    """The organisation says it so from now on; raises TemplateRefused or Overtaken."""
    faults = check(which, wording)
    if faults:
        raise TemplateRefused(faults)
    return await _change(work, org_id, which, wording, version=version, by=by, now=now)


async def reset_template(
    work: Work, org_id: OrgId, which: Which, *, version: int, by: By, now: datetime
) -> Stand:
    """It is said as shipped again, or in a department as in the whole organisation; raises Overtaken."""
    return await _change(work, org_id, which, None, version=version, by=by, now=now)


async def _change(
    work: Work, org_id: OrgId, which: Which, wording: Wording | None, *, version: int, by: By, now: datetime
) -> Stand:
    key = {
        "org_id": org_id,
        "department_id": which.department,
        "kind": which.kind.value,
        "channel": which.channel.value,
        "language": which.language,
    }
    await work.session.execute(
        insert(MessageTemplate).values(**key, version=0, changed_at=now).on_conflict_do_nothing()
    )
    row = await _find(work, org_id, which, lock=True)
    assert row is not None
    if row.version != version:
        raise Overtaken
    beneath = await _beneath(work, org_id, which)
    before = _stand(row, beneath)
    row.body = wording.body if wording else None
    row.subject = wording.subject if wording else None
    row.version, row.changed_at = version + 1, now
    after = _stand(row, beneath)
    await record(
        work, org_id, Act.template_changed, by=by, subject=which.key, at=now,
        **before_and_after({"wording": _said(which, before)}, {"wording": _said(which, after)}),
    )  # fmt: skip
    return after


async def _find(work: Work, org_id: OrgId, which: Which, *, lock: bool = False) -> MessageTemplate | None:
    query = select(MessageTemplate).where(
        MessageTemplate.org_id == org_id,
        MessageTemplate.department_id == which.department,
        MessageTemplate.kind == which.kind.value,
        MessageTemplate.channel == which.channel.value,
        MessageTemplate.language == which.language,
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await work.session.scalars(query)).one_or_none()


async def _beneath(work: Work, org_id: OrgId, which: Which) -> Wording:
    """How it is said where there are no words of its own: a department's as the organisation's, that as shipped."""
    if which.department:
        return (await read_stand(work, org_id, replace(which, department=""))).wording
    return shipped(which.kind, which.channel, which.language)


def _stand(row: MessageTemplate | None, beneath: Wording) -> Stand:
    if row is None or row.body is None:
        return Stand(beneath, is_own=False, version=row.version if row else 0)
    return Stand(Wording(row.body, row.subject or ""), is_own=True, version=row.version)


def _said(which: Which, stand: Stand) -> str:
    if not stand.is_own:
        return "(as the organisation)" if which.department else "(as shipped)"
    parts = [stand.wording.subject, stand.wording.body] if stand.wording.subject else [stand.wording.body]
    return "\n".join(parts)


def check(which: Which, wording: Wording) -> dict[str, str]:
    """What is wrong with a wording, by the field of its form; empty when nothing is."""
    faults = {}
    body = _body_fault(which, wording)
    if body:
        faults["body"] = body
    subject = _subject_fault(wording.subject) if which.channel is Channel.email else None
    if subject:
        faults["subject"] = subject
    return faults


def _body_fault(which: Which, wording: Wording) -> str | None:
    body = wording.body
    if not body.strip():
        return "Write what the message says."
    longest = _LONGEST[which.channel]
    if len(body) > longest:
        return f"This is longer than {longest} characters."
    fault = _field_fault(body, FIELDS)
    if fault:
        return fault
    has_link = "link" in fields_of(body)
    if which.kind in WITH_LINK and not has_link:
        return "The field {link} is missing: without it the patient cannot join."
    if which.kind not in WITH_LINK and has_link:
        return "The field {link} cannot be used here: the link of a cancelled visit is dead."
    return _length_fault(which, wording) if which.channel is Channel.sms else None


def _length_fault(which: Which, wording: Wording) -> str | None:
    count = segments(render(which.kind, which.language, LONG_SAMPLE, wording=wording)).count
    if count > _MOST_SEGMENTS:
        return f"This would be sent in {count} parts; {_MOST_SEGMENTS} is the most."
    return None


def _subject_fault(subject: str) -> str | None:
    if not subject.strip():
        return "Write a subject."
    if len(subject) > _LONGEST_SUBJECT:
        return f"This is longer than {_LONGEST_SUBJECT} characters."
    if any(ord(sign) < 0x20 or sign == "\x7f" for sign in subject):
        return "A subject is one line."
    return _field_fault(subject, _SUBJECT_FIELDS)


def _field_fault(template: str, allowed: frozenset[str]) -> str | None:
    named = ", ".join(f"{{{name}}}" for name in _IN_ORDER if name in allowed)
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        return f"A brace stands alone. Braces are for fields: {named}."
    for _, name, shape, conversion in parts:
        if name is None:
            continue
        if name not in allowed or shape or conversion:
            return f"The field {{{name}}} cannot be used here. These can: {named}."
    return None


_IN_ORDER: Final = ("time", "place", "clinic", "link", "phone")

# As long as values become in practice, to count segments by.
LONG_SAMPLE: Final[Mapping[str, str]] = {
    "time": "Wed, Nov 25, 12:30 PM CST",
    "place": "Lakeside Health Center",
    "clinic": "Lakeside Health Center",
    "link": f"https://video.lakeside-health.example/v/{'a' * 32}",
    "phone": "+1 312 555 0100",
}
