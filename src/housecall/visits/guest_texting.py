"""Writing to interpreters and relatives: the link when staff send it, a new time and a cancellation by themselves.

No EHR knows them. Where the organisation wants them told of changes, their number or address is kept, sealed, as
long as there may be something to tell; elsewhere it goes with the message, as whatever is typed in by hand.
"""

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from housecall.audit.model import By
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer, open_apart, seal_apart
from housecall.messaging import service as messages
from housecall.messaging.model import Channel, MessageKind, SuppressReason
from housecall.tenancy.store import get_organisation
from housecall.tenancy.tables import Connection
from housecall.visits import store_guests
from housecall.visits.addresses import typed_address
from housecall.visits.desk import Desk
from housecall.visits.errors import AddressMissing
from housecall.visits.guests import Invited, invite, seat_of
from housecall.visits.room import refuse_over
from housecall.visits.scene import lock_scene, visit_window
from housecall.visits.tables import Visit
from housecall.visits.tables_guests import GuestAddress
from housecall.visits.views import View, publish_scene

# A message that quiet hours or a provider's trouble hold back leaves within this, or not at all.
KEPT_AFTER: Final = timedelta(days=1)


async def invite_and_send(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, role: str, language: str, to: str, by: By
) -> Invited:
    """One more guest is invited, and their link sent where ``to`` says; empty is nowhere.

    Raises what ``invite`` and ``send_invitation`` do: an address that cannot be written to leaves no link behind.
    """
    made = await invite(desk, work, org_id, visit_id, role=role, language=language, by=by)
    if not to:
        return made
    view = await send_invitation(desk, work, org_id, visit_id, who=made.participant, typed=to, by=by)
    return replace(made, view=view)


async def send_invitation(
    desk: Desk, work: Work, org_id: OrgId, visit_id: str, *, who: str, typed: str | None, by: By
) -> View:
    """The guest's link leaves at once, to what was typed, else to where the one before went if that is kept.

    Raises GuestUnknown, VisitOver, NumberInvalid, MailAddressInvalid or AddressMissing. Why it was held back stands in
    the snapshot.
    """
    scene, now = await lock_scene(work, org_id, visit_id), desk.clock.now()
    refuse_over(scene, now)
    seat = seat_of(scene, scene.guest(who))
    if typed:
        channel = Channel.email if "@" in typed else Channel.sms
        address = typed_address(typed, channel, scene.connection)
    else:
        channel, address = await _where_before(desk, work, org_id, seat.id)
    owner = await get_organisation(work, org_id)
    if owner.keeps_guest_addresses:
        until = scene.window.closes_at + KEPT_AFTER
        await _keep(work, org_id, seat.id, address, channel, sealer=desk.sealer, until=until)
    await messages.send_now(
        work,
        org_id,
        connection_id=scene.connection.id,
        subject_ref=seat.id,
        kind=MessageKind.invitation,
        channel=channel,
        instant=f"now.{uuid.uuid4().hex}",
        now=now,
        requested_by=by,
        typed_address=None if owner.keeps_guest_addresses else address,
        sealer=desk.sealer,
    )
    scene.touch()
    return await publish_scene(desk, work, scene)


async def _where_before(desk: Desk, work: Work, org_id: OrgId, seat_id: str) -> tuple[Channel, str]:
    kept = (await store_guests.find_addresses(work, org_id, [seat_id])).get(seat_id)
    if kept is None:
        raise AddressMissing
    return Channel(kept.channel), open_address(desk.sealer, kept)


async def tell_guests_moved(desk: Desk, work: Work, connection: Connection, visit: Visit) -> None:
    """Guests who were written to hear of the new time; their links stay as they are."""
    until = visit_window(visit, connection).closes_at + KEPT_AFTER
    # By revision, so that a visit moved away and back is told both times.
    await _tell(desk, work, visit, MessageKind.invitation_changed, f"r{visit.revision}", until=until)


async def tell_guests_cancelled(desk: Desk, work: Work, visit: Visit) -> None:
    """Guests who were written to hear that the visit is off, and what is still planned for them leaves no more."""
    until = desk.clock.now() + KEPT_AFTER
    await _tell(desk, work, visit, MessageKind.invitation_cancelled, str(visit.ordinal), until=until)


async def _tell(
    desk: Desk, work: Work, visit: Visit, kind: MessageKind, instant: str, *, until: datetime
) -> None:
    org_id, now = OrgId(visit.org_id), desk.clock.now()
    seat_ids = await store_guests.list_seats_of_visit(work, org_id, visit.id)
    addresses = await store_guests.find_addresses(work, org_id, seat_ids)
    reason = (
        SuppressReason.visit_cancelled
        if kind is MessageKind.invitation_cancelled
        else SuppressReason.visit_moved
    )
    for seat_id, kept in sorted(addresses.items()):
        await messages.cancel_planned(work, org_id, subject_ref=seat_id, reason=reason, now=now)
        if visit.ends_at > now:
            await messages.plan(
                work,
                org_id,
                connection_id=visit.connection_id,
                subject_ref=seat_id,
                kind=kind,
                instant=instant,
                channel=Channel(kept.channel),
                due_at=now,
                now=now,
            )
    await store_guests.keep_addresses_until(work, org_id, list(addresses), until)


async def _keep(
    work: Work,
    org_id: OrgId,
    seat_id: str,
    address: str,
    channel: Channel,
    *,
    sealer: Sealer,
    until: datetime,
) -> None:
    sealed, key_sealed = seal_apart(sealer, address, purpose=_purpose(seat_id))
    await store_guests.forget_addresses(work, org_id, [seat_id])
    work.session.add(
        GuestAddress(
            seat_id=seat_id,
            org_id=org_id,
            channel=channel.value,
            sealed=sealed,
            key_sealed=key_sealed,
            expires_at=until,
        )
    )
    await work.session.flush()


def open_address(sealer: Sealer, kept: GuestAddress) -> str:
    """The number or address that is kept; raises SealBroken."""
    return open_apart(sealer, kept.sealed, kept.key_sealed, purpose=_purpose(kept.seat_id))


def _purpose(seat_id: str) -> str:
    return f"guest:{seat_id}"
