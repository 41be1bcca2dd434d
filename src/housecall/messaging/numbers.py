"""What an administrator can do with phone numbers: ask for one, bring one, link, take back, give back."""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import phonenumbers

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId, new_uuid
from housecall.messaging import number_store as store
from housecall.messaging.errors import CodeWrong, NumberInvalid, NumberTaken
from housecall.messaging.number_model import (
    PACES,
    PATIENCE,
    NumberFault,
    NumberKind,
    NumberOrigin,
    NumberState,
    Verification,
    move,
    verification_at_first,
)
from housecall.messaging.tables import NumberProof, PhoneNumber
from housecall.tenancy.departments import forget_number_of_departments
from housecall.tenancy.service import link_numbers
from housecall.tenancy.store import list_connections

PROVISION: Final = "messaging.provision_number"
RELEASE: Final = "messaging.release_number"
WATCH: Final = "messaging.watch_number"

_CODE_LIVES: Final = timedelta(minutes=10)
_TRIES: Final = 5

# Faults after which nothing was bought: the next try begins anew.
_NOTHING_BOUGHT: Final = frozenset(
    {
        NumberFault.no_number_available,
        NumberFault.refused,
        NumberFault.not_allowed,
        NumberFault.no_provider,
        NumberFault.other,
    }
)

list_numbers = store.list_numbers


@dataclass(frozen=True)
class Proof:
    """A code to be texted to an administrator's phone; shown to nobody else."""

    number_id: uuid.UUID
    code: str = field(repr=False)


async def request_number(
    work: Work, org_id: OrgId, *, provider: str, country: str, kind: NumberKind, by: By, now: datetime
) -> PhoneNumber:
    """A number of this kind is being looked for and bought, by the worker; at most one purchase comes of it."""
    number = _row(org_id, provider, NumberOrigin.bought, country, kind, by, now)
    number.verification = verification_at_first(kind, country).value
    work.session.add(number)
    await work.session.flush()
    await _note(work, number, Act.number_requested, by, now)
    await _enqueue(work, PROVISION, number)
    return number


async def retry_number(work: Work, org_id: OrgId, number_id: uuid.UUID, *, by: By, now: datetime) -> None:
    """The number is asked for again; what may have been bought already is looked for first."""
    number = await store.get_number(work, org_id, number_id, lock=True)
    fault = NumberFault(number.fault) if number.fault else NumberFault.other
    _step(number, "retry")
    if fault in _NOTHING_BOUGHT:
        number.chosen = number.ticket = number.buying_since = number.provider_ref = None
        number.tries += 1
    number.fault, number.ended_at = None, None
    number.give_up_at = now + PATIENCE
    await _note(work, number, Act.number_requested, by, now, again=True)
    await _enqueue(work, PROVISION, number)


async def dismiss_number(work: Work, org_id: OrgId, number_id: uuid.UUID, *, by: By, now: datetime) -> None:
    """A number that could not be had is taken off the page."""
    number = await store.get_number(work, org_id, number_id, lock=True)
    _step(number, "dismiss")
    number.ended_at = now
    await _note(work, number, Act.number_released, by, now)


async def forget_number(work: Work, org_id: OrgId, number_id: uuid.UUID, *, by: By, now: datetime) -> None:
    """A brought number that was not proven is taken off the page."""
    number = await store.get_number(work, org_id, number_id, lock=True)
    await fail(work, number, NumberFault.code_expired, by=by, now=now)
    await dismiss_number(work, org_id, number_id, by=by, now=now)


async def release_number(work: Work, org_id: OrgId, number_id: uuid.UUID, *, by: By, now: datetime) -> None:
    """No text leaves from the number any more; a bought one is given back to its provider by the worker."""
    number = await store.get_number(work, org_id, number_id, lock=True)
    _step(number, "release")
    number.ended_at = now
    for connection in await list_connections(work, org_id):
        first = None if connection.texts_from == number.number else connection.texts_from
        backup = None if connection.texts_backup == number.number else connection.texts_backup
        await link_numbers(work, connection, first=first, backup=backup, by=by, now=now)
    if number.number is not None:
        await forget_number_of_departments(work, org_id, number.number, by=by, now=now)
    await _note(work, number, Act.number_released, by, now)
    if number.origin == NumberOrigin.bought and number.provider_ref:
        await _enqueue(work, RELEASE, number)


async def bring_number(
    work: Work,
    org_id: OrgId,
    *,
    provider: str,
    typed: str,
    country: str,
    provider_ref: str | None,
    by: By,
    now: datetime,
) -> tuple[PhoneNumber, Proof | None]:
    """A number that is the organisation's already: active when its provider knows it (``provider_ref``).

    Otherwise it waits for a code that is to be texted from it. Raises NumberInvalid or NumberTaken.
    """
    e164 = read_number(typed, country)
    if await store.is_known(work, org_id, e164):
        raise NumberTaken
    number = _row(org_id, provider, NumberOrigin.brought, country, kind_of(e164), by, now)
    number.number = number.chosen = e164
    is_watched = verification_at_first(kind_of(e164), country_of(e164) or country) is Verification.needed
    number.verification = (Verification.unknown if is_watched else Verification.not_needed).value
    number.give_up_at = now + _CODE_LIVES
    _step(number, "begin")
    work.session.add(number)
    await work.session.flush()
    await _note(work, number, Act.number_requested, by, now)
    if provider_ref is not None:
        number.provider_ref = provider_ref
        await activate(work, number, e164, by=by, now=now)
        return number, None
    return number, await _new_proof(work, org_id, number, now)


async def prove_number(
    work: Work, org_id: OrgId, number_id: uuid.UUID, code: str, *, by: By, now: datetime
) -> bool:
    """The brought number is active when the code is right; False when it is wrong, and the try is counted."""
    number = await store.get_number(work, org_id, number_id, lock=True)
    proof = await store.find_proof(work, org_id, number_id)
    if proof is None or proof.expires_at <= now or proof.tries_left <= 0:
        raise CodeWrong("The code is no longer good. Ask for a new one.")
    if not hmac.compare_digest(proof.code_hash, _hash(number_id, code)):
        proof.tries_left -= 1
        return False
    await work.session.delete(proof)
    await activate(work, number, number.number or "", by=by, now=now)
    return True


async def new_proof(work: Work, org_id: OrgId, number_id: uuid.UUID, *, now: datetime) -> Proof:
    """Another code, instead of the one before."""
    number = await store.get_number(work, org_id, number_id, lock=True)
    if number.state != NumberState.provisioning or number.origin != NumberOrigin.brought:
        _step(number, "begin")
    number.give_up_at = now + _CODE_LIVES
    return await _new_proof(work, org_id, number, now)


async def activate(work: Work, number: PhoneNumber, e164: str, *, by: By, now: datetime) -> None:
    """Texts may leave from the number, at the pace its carriers allow."""
    _step(number, "activate")
    number.number, number.active_at, number.fault = e164, now, None
    number.pace = PACES.get((number.provider, NumberKind(number.kind)))
    await _note(work, number, Act.number_active, by, now)
    await enqueue_watch(work, number)


async def fail(work: Work, number: PhoneNumber, fault: NumberFault, *, by: By, now: datetime) -> None:
    """The number could not be had; the page says why."""
    _step(number, "fail")
    number.fault, number.ended_at = fault.value, now
    await _note(work, number, Act.number_failed, by, now, reason=fault.value)


def begin(number: PhoneNumber) -> None:
    """The worker is at it."""
    _step(number, "begin")


def read_number(typed: str, country: str) -> str:
    """The typed number in E.164; raises NumberInvalid."""
    try:
        parsed = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException:
        raise NumberInvalid from None
    if not phonenumbers.is_possible_number(parsed):
        raise NumberInvalid
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def kind_of(e164: str) -> NumberKind:
    """What sort of number it is by the numbering plan; one that is either counts as local."""
    match phonenumbers.number_type(phonenumbers.parse(e164)):
        case phonenumbers.PhoneNumberType.TOLL_FREE:
            return NumberKind.toll_free
        case phonenumbers.PhoneNumberType.MOBILE:
            return NumberKind.mobile
        case _:
            return NumberKind.local


def country_of(e164: str) -> str | None:
    """The country whose numbering plan it is in, None where the plan does not tell."""
    found = phonenumbers.region_code_for_number(phonenumbers.parse(e164))
    return str(found) if found and found != "001" else None


def _row(
    org_id: OrgId, provider: str, origin: NumberOrigin, country: str, kind: NumberKind, by: By, now: datetime
) -> PhoneNumber:
    return PhoneNumber(
        id=new_uuid(), org_id=org_id, provider=provider, origin=origin.value, country=country,
        kind=kind.value, state=NumberState.requested.value, tries=1, requested_by=by.ref, requested_at=now,
        give_up_at=now + PATIENCE,
    )  # fmt: skip


async def _new_proof(work: Work, org_id: OrgId, number: PhoneNumber, now: datetime) -> Proof:
    code = f"{secrets.randbelow(1_000_000):06d}"
    old = await store.find_proof(work, org_id, number.id)
    if old is not None:
        await work.session.delete(old)
        await work.session.flush()
    work.session.add(
        NumberProof(
            number_id=number.id,
            org_id=org_id,
            code_hash=_hash(number.id, code),
            tries_left=_TRIES,
            expires_at=now + _CODE_LIVES,
        )
    )
    return Proof(number.id, code)


def _hash(number_id: uuid.UUID, code: str) -> str:
    digits = "".join(sign for sign in code if sign.isdigit())
    return hashlib.sha256(f"{number_id}:{digits}".encode()).hexdigest()


def _step(number: PhoneNumber, verb: str) -> None:
    number.state = move(NumberState(number.state), verb).value


async def _note(
    work: Work, number: PhoneNumber, act: Act, by: By, now: datetime, **detail: str | bool
) -> None:
    await record(
        work, OrgId(number.org_id), act, by=by, subject=str(number.id), at=now,
        provider=number.provider, state=number.state, **detail,
    )  # fmt: skip


async def _enqueue(work: Work, task: str, number: PhoneNumber, not_before: datetime | None = None) -> None:
    name = f"number:{number.id}"
    await work.enqueue(
        task, queueing_lock=f"{task}:{number.id}", lock=name, not_before=not_before,
        org_id=str(number.org_id), number_id=str(number.id),
    )  # fmt: skip


async def enqueue_later(work: Work, task: str, number: PhoneNumber, at: datetime) -> None:
    """The worker comes back to the number at that time."""
    await _enqueue(work, task, number, at)


async def enqueue_watch(work: Work, number: PhoneNumber) -> None:
    """The worker asks soon what the carriers say of the number."""
    await _enqueue(work, WATCH, number)


def working(numbers: Sequence[PhoneNumber]) -> list[PhoneNumber]:
    """Those that texts can leave from."""
    return [number for number in numbers if number.state == NumberState.active]
