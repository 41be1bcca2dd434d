"""The texts step's one form: each press sends all of it, and only what was changed on this screen is changed."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from housecall.db.work import Work
from housecall.kit.errors import HousecallError, Kind
from housecall.messaging import number_store, numbers
from housecall.messaging.accounts import remove_account, save_account
from housecall.messaging.errors import CodeWrong, NumberUnknown
from housecall.messaging.number_model import NumberKind
from housecall.messaging.numbers import Proof
from housecall.messaging.providers.base import OutgoingText, ProviderError
from housecall.messaging.verifying import Verifying
from housecall.tenancy.administrators import SignedIn
from housecall.tenancy.consent import (
    Consent,
    apply_consents,
    give_consent,
    standing_consents,
    withdraw_consents,
)
from housecall.tenancy.service import link_numbers
from housecall.tenancy.store import list_connections
from housecall.web.house import House
from housecall.web.texts_words import COUNTRIES


class FormFault(HousecallError):
    """Something in the form needs mending; ``field`` is where."""

    kind = Kind.invalid
    code = "web.form_fault"

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = name


@dataclass(frozen=True)
class Pressed:
    """What the form holds and which button sent it."""

    act: str
    target: str
    fields: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "").strip()


def read_pressed(fields: Mapping[str, str]) -> Pressed:
    """The press: a button's value is an act, and after a colon what it is done to."""
    act, _, target = fields.get("act", "done").partition(":")
    return Pressed(act, target, fields)


async def keep_choices(house: House, work: Work, person: SignedIn, pressed: Pressed) -> None:
    """Consents and links stand as this screen changed them; what another screen changed stays."""
    await _keep_consents(house, work, person, pressed)
    known = {one.number for one in numbers.working(await numbers.list_numbers(work, person.org_id))}
    for connection in await list_connections(work, person.org_id):
        ways = {}
        for way, now_is in (("first", connection.texts_from), ("backup", connection.texts_backup)):
            chosen = pressed.fields.get(f"{way}-{connection.id}")
            before = pressed.fields.get(f"{way}-was-{connection.id}", "")
            is_ours = chosen is not None and chosen != before and (not chosen or chosen in known)
            ways[way] = (chosen or None) if is_ours else now_is
        if ways["backup"] == ways["first"]:
            ways["backup"] = None
        await link_numbers(work, connection, **ways, by=person.by, now=house.clock.now())
        # A connection that was made after the consents were given has not heard of them.
        await apply_consents(work, connection)


async def _keep_consents(house: House, work: Work, person: SignedIn, pressed: Pressed) -> None:
    now = house.clock.now()
    for what in Consent:
        was, is_ticked = pressed[f"consent-{what}-was"] == "yes", pressed[f"consent-{what}"] == "yes"
        if is_ticked and not was:
            await give_consent(work, person.org_id, what, by=person.by, now=now)
        if was and not is_ticked:
            await withdraw_consents(work, person.org_id, (what,), by=person.by, now=now)


async def do_act(house: House, work: Work, person: SignedIn, pressed: Pressed) -> Proof | None:
    """The button's own act is done, besides keeping the choices; a Proof is still to be texted."""
    now, org_id, by = house.clock.now(), person.org_id, person.by
    match pressed.act:
        case "generate":
            if len(await standing_consents(work, org_id)) < len(Consent) and not await _by_command(
                work, person
            ):
                raise FormFault("consent-send", "Tick both boxes first: a number is for sending texts.")
            await numbers.request_number(
                work, org_id, provider=pressed["provider"] or "gateway", country=_country(pressed),
                kind=NumberKind(pressed["kind"] or "toll_free"), by=by, now=now,
            )  # fmt: skip
        case "retry":
            await numbers.retry_number(work, org_id, _id(pressed), by=by, now=now)
        case "forget":
            await numbers.forget_number(work, org_id, _id(pressed), by=by, now=now)
        case "dismiss":
            await numbers.dismiss_number(work, org_id, _id(pressed), by=by, now=now)
        case "release":
            await numbers.release_number(work, org_id, _id(pressed), by=by, now=now)
        case "recode":
            return await numbers.new_proof(work, org_id, _id(pressed), now=now)
        case "withdraw":
            await withdraw_consents(work, org_id, by=by, now=now)
        case "account":
            await save_account(
                work, org_id, provider=pressed.target, account=pressed[f"account-{pressed.target}"],
                secret=pressed[f"secret-{pressed.target}"], sealer=house.sealer, by=by, now=now,
            )  # fmt: skip
        case "remove-account":
            await remove_account(work, org_id, pressed.target, by=by, now=now)
        case _:
            pass
    return None


async def bring(house: House, person: SignedIn, pressed: Pressed) -> Proof | None:
    """A number of the organisation's own stands here: known by its provider, or waiting for a code."""
    e164 = numbers.read_number(pressed["brought"], _country(pressed))
    provider = pressed["provider"] or "gateway"
    async with house.database.work() as work:
        shop = await house.carriers.numbers(work, person.org_id, provider)
    found = await shop.find_own(e164) if shop else None
    async with house.database.work() as work:
        _, proof = await numbers.bring_number(
            work, person.org_id, provider=provider, typed=e164, country=_country(pressed),
            provider_ref=found, by=person.by, now=house.clock.now(),
        )  # fmt: skip
    return proof


async def text_code(house: House, person: SignedIn, proof: Proof, phone: str) -> None:
    """The code is on its way to the administrator's phone, which is kept nowhere; raises FormFault."""
    async with house.database.work() as work:
        number = await number_store.get_number(work, person.org_id, proof.number_id)
        carrier = await house.carriers.texts(work, person.org_id, number.provider)
    if carrier is None or number.number is None:
        raise FormFault("brought", "There is no account with this provider to send the code by.")
    body = f"Housecall: your code is {proof.code}. It is good for ten minutes."
    to = numbers.read_number(phone, number.country)
    try:
        await carrier.send(OutgoingText(f"proof-{uuid.uuid4()}", number.number, to, body))
    except ProviderError:
        raise FormFault(
            "brought", "The provider did not send the code from this number. Is the number on this account?"
        ) from None


async def prove(house: House, person: SignedIn, pressed: Pressed) -> None:
    """The brought number works; raises FormFault when the code was wrong."""
    name = f"code-{pressed.target}"
    try:
        async with house.database.work() as work:
            is_right = await numbers.prove_number(
                work, person.org_id, _id(pressed), pressed[name], by=person.by, now=house.clock.now()
            )
    except CodeWrong as wrong:
        raise FormFault(name, str(wrong)) from None
    if not is_right:
        raise FormFault(name, "That is not the code in the text. Look again, or ask for a new one.")


async def ask_carriers(house: House, person: SignedIn, pressed: Pressed) -> None:
    """What the carriers say of the number now is known; raises ProviderError or NumberUnknown."""
    await Verifying(house.database, house.carriers, house.clock).look(person.org_id, _id(pressed))


async def _by_command(work: Work, person: SignedIn) -> bool:
    return any(
        one.consent_send_at and one.consent_attendees_at
        for one in await list_connections(work, person.org_id)
    )


def _country(pressed: Pressed) -> str:
    return pressed["country"] if pressed["country"] in COUNTRIES else "US"


def _id(pressed: Pressed) -> uuid.UUID:
    try:
        return uuid.UUID(pressed.target)
    except ValueError:
        raise NumberUnknown from None
