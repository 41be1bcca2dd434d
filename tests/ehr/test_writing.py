"""What is sent when we write, to the letter, and what each refusal means."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from housecall.ehr.addresses import NetworkRules
from housecall.ehr.base import AppointmentRef, AppointmentStatus, RoomLinks, Vendor
from housecall.ehr.client import SmartFhirClient
from housecall.ehr.errors import EhrConflict, EhrError, EhrUnavailable, ScopesMissing, WriteRefused
from housecall.ehr.outward import Outward
from housecall.ehr.registry import PROFILES
from housecall.ehr.writing import link_operations, needs_move, standing_links
from tests.ehr.small_ehr import SmallEhr, fixture

AT = datetime(2019, 7, 13, 8, 0, tzinfo=UTC)
LINKS = RoomLinks("http://providerlink.vmr.net", "http://patientlink.vmr.net", AT, AT + timedelta(minutes=10))
REF = AppointmentRef("70001")


class Patched:
    """The small EHR with a PATCH that answers as it is told; keeps what came."""

    def __init__(self, ehr: SmallEhr) -> None:
        self.ehr, self.answer, self.asked = ehr, Response(), list[tuple[dict[str, str], object]]()
        ehr.appointments["70001"]["status"] = "booked"
        ehr.app.router.routes.insert(0, Route("/r4/t1/Appointment/{ref}", self._patch, methods=["PATCH"]))

    async def _patch(self, request: Request) -> Response:
        self.asked.append((dict(request.headers), json.loads(await request.body())))
        return self.answer

    def client(self) -> SmartFhirClient:
        endpoint = self.ehr.endpoint(vendor=Vendor.millennium, writes_back=True)
        outward = Outward(NetworkRules(), transport=httpx.ASGITransport(self.ehr.app))
        return SmartFhirClient(endpoint, PROFILES[Vendor.millennium], outward, self.ehr.clock)


@pytest.fixture
def patched(ehr: SmallEhr) -> Patched:
    return Patched(ehr)


@pytest.mark.parametrize(("is_first", "op"), [(True, "add"), (False, "replace")])
def test_the_four_operations_are_the_vendors_own_sample(is_first: bool, op: str) -> None:
    assert link_operations(LINKS, is_first=is_first) == [
        {"op": op, "path": "/contained/0/telecom/0/value", "value": "http://providerlink.vmr.net"},
        {"op": op, "path": "/contained/1/telecom/0/value", "value": "http://patientlink.vmr.net"},
        {"op": op, "path": "/contained/0/telecom/0/period/start", "value": "2019-07-13T08:00:00.000Z"},
        {"op": op, "path": "/contained/0/telecom/0/period/end", "value": "2019-07-13T08:10:00.000Z"},
    ]


async def test_a_write_names_the_version_it_read_and_its_media_type(patched: Patched) -> None:
    client = patched.client()

    await client.write_links(REF, LINKS)

    ((headers, body),) = patched.asked
    version = patched.ehr.appointments["70001"]["meta"]["versionId"]
    assert headers["if-match"] == f'W/"{version}"'
    assert headers["content-type"] == "application/json-patch+json"
    assert body == link_operations(LINKS, is_first=standing_links(fixture("appointment_video")) is None)
    await client.close()


async def test_the_system_account_asks_for_writing_only_where_it_writes(ehr: SmallEhr) -> None:
    for writes_back in (False, True):
        client = ehr.client(vendor=Vendor.millennium, writes_back=writes_back)
        await client.read_appointment(REF)
        await client.close()

    asked = ["Appointment.write" in body for _, _, _, body in ehr.asked("/auth/token")]
    assert asked == [False, True]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (409, EhrConflict),
        (412, EhrConflict),
        (423, EhrConflict),
        (424, EhrConflict),
        (422, WriteRefused),
        (500, EhrUnavailable),
        (503, EhrUnavailable),
    ],
)
async def test_each_status_says_whether_another_try_may_work(
    patched: Patched, status: int, error: type[EhrError]
) -> None:
    client = patched.client()
    patched.answer = JSONResponse({"resourceType": "OperationOutcome"}, status)

    with pytest.raises(error) as refusal:
        await client.write_status(REF, AppointmentStatus.arrived)

    assert refusal.value.retryable is (status != 422)
    await client.close()


async def test_leave_to_write_that_was_not_granted_is_named(patched: Patched) -> None:
    client = patched.client()
    patched.answer = JSONResponse({"message": 'error="insufficient_scope"'}, 403)

    with pytest.raises(ScopesMissing) as refusal:
        await client.write_status(REF, AppointmentStatus.arrived)

    assert "system/Appointment.write" in refusal.value.sentence
    await client.close()


def test_links_are_read_by_the_rooms_names_whatever_their_order() -> None:
    shape = fixture("appointment_video")
    for room in shape["contained"]:
        who = room["type"][0]["text"].split()[0]
        room["telecom"] = [{"system": "url", "value": f"https://{who}", "period": {}}]

    there, turned = standing_links(shape), standing_links(shape | {"contained": shape["contained"][::-1]})

    assert there is not None
    assert (there.clinician_url, there.patient_url) == ("https://Provider", "https://Patient")
    assert turned == there


@pytest.mark.parametrize("now", [s for s in AppointmentStatus if s not in ("booked", "arrived")])
def test_arrived_is_written_to_a_booked_appointment_only(now: AppointmentStatus) -> None:
    further = {AppointmentStatus.checked_in, AppointmentStatus.fulfilled}

    if now in further:
        assert not needs_move(now, AppointmentStatus.arrived)
    else:
        with pytest.raises(WriteRefused):
            needs_move(now, AppointmentStatus.arrived)
    assert needs_move(AppointmentStatus.booked, AppointmentStatus.arrived)
