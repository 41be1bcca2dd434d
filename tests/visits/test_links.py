"""Links can be made again, are not stored, and lead to one seat."""

import hashlib

import pytest

from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.visits.desk import Desk
from housecall.visits.errors import LinkLost
from housecall.visits.links import make_link
from housecall.visits.seats import find_seat_by_token
from tests.visits.clinic import Clinic


def under(clinic: Clinic, sealer: Sealer) -> Desk:
    return Desk(**{**clinic.desk.__dict__, "sealer": sealer})


async def test_the_same_link_is_made_again_and_leads_to_its_seat(clinic: Clinic) -> None:
    seat = await clinic.seat(await clinic.visit())

    link = make_link(clinic.desk, seat)

    assert link == make_link(clinic.desk, seat)
    assert link.startswith("http://localhost:8000/v/")
    token = link.rsplit("/", 1)[1]
    assert len(token) == 32
    async with clinic.database.work() as work:
        found = await find_seat_by_token(work, token)
        assert found is not None
        assert (found.id, OrgId(found.org_id)) == (seat.id, clinic.org_id)


async def test_a_guessed_link_leads_nowhere(clinic: Clinic) -> None:
    await clinic.visit()

    async with clinic.database.work() as work:
        assert await find_seat_by_token(work, "x" * 32) is None


async def test_the_row_does_not_hold_the_link(clinic: Clinic) -> None:
    seat = await clinic.seat(await clinic.visit())

    token = make_link(clinic.desk, seat).rsplit("/", 1)[1]

    assert token not in (seat.token_hash, seat.token_nonce)
    assert seat.token_hash == hashlib.sha256(token.encode()).hexdigest()


async def test_a_link_survives_a_new_master_key_while_the_old_one_is_listed(clinic: Clinic) -> None:
    seat = await clinic.seat(await clinic.visit())
    old, new = hashlib.sha256(b"a key for tests").digest(), hashlib.sha256(b"a newer key").digest()
    link = make_link(clinic.desk, seat)

    assert make_link(under(clinic, Sealer(new, old)), seat) == link
    with pytest.raises(LinkLost):
        make_link(under(clinic, Sealer(new)), seat)
