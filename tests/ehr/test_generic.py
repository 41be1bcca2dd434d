"""A plain SMART EHR's freedoms, each a test named after it; and what it costs to add a vendor."""

import argparse
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from housecall.commands import connect
from housecall.ehr.addresses import NetworkRules
from housecall.ehr.base import AppointmentRef, AppointmentStatus, ClientKind, EhrEndpoint, Vendor, Writing
from housecall.ehr.errors import EhrTokenExpired, WriteUnsupported
from housecall.ehr.profile import VendorProfile
from housecall.ehr.registry import PROFILES, client_for, profile_for
from housecall.kit.clock import FakeClock
from housecall.sandbox.manners.registry import MANNERS
from housecall.sandbox.options import ADDRESSES
from tests.ehr.conftest import NOW
from tests.ehr.inferno import SYMMETRIC, Judge, judge

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def generic(now: FakeClock) -> AsyncIterator[Judge]:
    async with judge(now, vendor="generic") as made:
        yield made


async def test_trap_a_token_answer_does_not_say_how_long_it_lasts(generic: Judge) -> None:
    context = await generic.launch(generic.client(SYMMETRIC))

    assert context.tokens.expires_at - NOW == timedelta(minutes=5)


async def test_trap_a_refresh_brings_a_new_refresh_token_and_the_old_one_is_dead(
    generic: Judge, now: FakeClock
) -> None:
    client = generic.client(SYMMETRIC)
    first = (await generic.launch(client)).tokens

    second = await client.refresh(first)
    now.advance(timedelta(minutes=2))
    third = await client.refresh(second)
    now.advance(timedelta(minutes=2))

    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    with pytest.raises(EhrTokenExpired):
        await client.refresh(first)


async def test_trap_the_launch_names_its_appointment(generic: Judge) -> None:
    made = (await generic.web.post("/sandbox/appointments", json={})).json()
    wish = {"patient": made["patient"], "appointment": made["id"]}
    launch = (await generic.web.post("/sandbox/launches", json=wish)).json()["launch"]
    client = generic.client(SYMMETRIC)
    back = "https://visits.example/ehr/callback"
    request = await client.begin_launch(launch=launch, redirect_url=back)
    answer = await generic.sign_in(request)

    context = await generic.finish(client, request, answer["code"], persona="practitioner")

    assert context.appointments == (made["id"],)


async def test_a_clinic_is_listed_without_naming_anybody(generic: Judge) -> None:
    made = [(await generic.web.post("/sandbox/appointments", json={})).json()["id"] for _ in range(3)]

    page = await generic.client(SYMMETRIC).list_appointments(start=NOW, end=NOW + timedelta(hours=1))

    assert set(made) <= {one.ref for one in page.appointments}
    assert page.faults == []


async def test_a_status_is_written_by_the_standards_patch(generic: Judge) -> None:
    made = (await generic.web.post("/sandbox/appointments", json={})).json()
    client = generic.client(SYMMETRIC, writes_back=True)

    await client.write_status(AppointmentRef(made["id"]), AppointmentStatus.arrived)

    found = await client.read_appointment(AppointmentRef(made["id"]))
    assert found.status is AppointmentStatus.arrived
    assert client.writes == {Writing.status}


async def test_the_profile_is_the_last_resort_and_can_be_set(generic: Judge) -> None:
    statement = (await generic.web.get(f"{generic.base}/metadata")).json()

    assert profile_for(statement) == Vendor.generic


def test_a_word_within_another_is_no_vendor() -> None:
    assert profile_for({"implementation": {"description": "Epicentre Clinic"}}) == Vendor.generic


TOY = VendorProfile(vendor=Vendor("toy"), title="Toy EHR", known_by=("toy ehr",), lists_appointments=False)


async def test_a_new_vendor_is_one_profile_and_one_line_of_the_registry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line is played here; nothing else knows the name, and it is detected, offered and used at once."""
    monkeypatch.setitem(PROFILES, TOY.vendor, TOY)
    parser = argparse.ArgumentParser()
    connect.add_to(parser.add_subparsers())
    words = ["connect", "--base-url", "x", "--environment", "test", "--client-id", "y", "--vendor", "toy"]
    endpoint = EhrEndpoint("c1", "https://ehr.invalid/r4", TOY.vendor, ClientKind.public, "client")

    client = client_for(endpoint, clock=FakeClock(NOW), network=NetworkRules())

    assert profile_for({"software": {"name": "Toy EHR 3"}}) == "toy"
    assert parser.parse_args(words).vendor == "toy"
    with pytest.raises(WriteUnsupported):
        await client.write_status(AppointmentRef("1"), AppointmentStatus.arrived)
    await client.close()


def test_every_vendor_is_one_file_one_page_and_one_manner_of_the_sandbox() -> None:
    for vendor in PROFILES:
        assert (ROOT / "src" / "housecall" / "ehr" / f"{vendor}.py").is_file()
        assert (ROOT / "docs" / "how-to" / f"connect-{vendor}.md").is_file()
    assert set(PROFILES) == set(MANNERS) == set(ADDRESSES)


def test_no_room_asks_which_vendor_it_talks_to() -> None:
    """Vendors differ by the values of their profiles; a name in an ``if`` would be a second place to change."""
    asking = [
        path.name
        for path in (ROOT / "src" / "housecall").rglob("*.py")
        if "sandbox" not in path.parts
        and path.parent.name != "ehr"
        and any(
            f"Vendor.{vendor}" in path.read_text(encoding="utf-8")
            for vendor in PROFILES
            if vendor != Vendor.generic
        )
    ]

    assert asking == []
