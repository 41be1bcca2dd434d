"""Writing to an appointment: versions, the four operations on the rooms, status moves, faults."""

import pytest

from tests.sandbox.hospital import Hospital, patch_body

PERIOD = (
    ("/contained/0/telecom/0/period/start", "2026-11-24T15:10:00.000Z"),
    ("/contained/0/telecom/0/period/end", "2026-11-24T15:30:00.000Z"),
)


def links(op: str, provider: str = "https://hc.example/p", patient: str = "https://hc.example/v/x") -> bytes:
    rooms = (("/contained/0/telecom/0/value", provider), ("/contained/1/telecom/0/value", patient))
    return patch_body(*((op, path, value) for path, value in (*rooms, *PERIOD)))


class Visit:
    """One appointment and the system account that writes to it."""

    def __init__(self, hospital: Hospital, token: str, visit_id: str) -> None:
        self.hospital, self.token, self.id = hospital, token, visit_id

    async def read(self) -> dict:
        return (await self.hospital.fhir("GET", f"/Appointment/{self.id}", self.token)).json()

    async def patch(self, body: bytes, *, version: str | None = "now", method: str = "PATCH", **more: str):
        headers = {"Content-Type": "application/json-patch+json"} | more
        if version == "now":
            version = f'W/"{(await self.read())["meta"]["versionId"]}"'
        if version:
            headers["If-Match"] = version
        path = f"/Appointment/{self.id}"
        return await self.hospital.fhir(method, path, self.token, content=body, headers=headers)


@pytest.fixture
async def visit(hospital: Hospital) -> Visit:
    booked = await hospital.book()
    return Visit(hospital, await hospital.system_token(), booked["id"])


async def test_links_are_added_and_number_0_is_the_providers_though_a_read_shows_the_patients_first(
    visit: Visit,
) -> None:
    answer = await visit.patch(links("add", "https://hc.example/p", "https://hc.example/v/x"))

    shape = await visit.read()
    rooms = [(room["type"][0]["text"], room["telecom"][0]["value"]) for room in shape["contained"]]
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == f'W/"{shape["meta"]["versionId"]}"'
    assert rooms == [
        ("Patient Virtual Meeting Room", "https://hc.example/v/x"),
        ("Provider Virtual Meeting Room", "https://hc.example/p"),
    ]


async def test_links_are_added_once_and_replaced_later(visit: Visit) -> None:
    too_early = await visit.patch(links("replace"))
    await visit.patch(links("add"))
    again = await visit.patch(links("add"))
    later = await visit.patch(links("replace"))

    assert (too_early.status_code, again.status_code, later.status_code) == (422, 409, 200)


async def test_a_patch_needs_the_newest_version(visit: Visit) -> None:
    without = await visit.patch(links("add"), version=None)
    old = await visit.patch(links("add"), version='W/"0-1"')
    strange = await visit.patch(links("add"), version="1-1")

    assert (without.status_code, old.status_code, strange.status_code) == (412, 409, 400)


@pytest.mark.parametrize(
    "body",
    [
        patch_body(("add", "/contained/0/telecom/0/value", "https://hc.example/p")),
        patch_body(
            ("add", "/contained/0/telecom/0/value", "https://x.example"), ("replace", "/status", "arrived")
        ),
        links("add", provider="https://hc.example/" + "x" * 240),
        links("add", patient="not a link"),
        links("move"),
        links("add").replace(b'"add"', b'"replace"', 1),
        patch_body(("replace", "/start", "2026-11-24T16:00:00Z")),
        patch_body(("replace", "/minutesDuration", 5)),
        patch_body(("replace", "/status", "fulfilled")),
        patch_body(("replace", "/status", "arrived"), ("add", "/cancelationReason", {})),
        patch_body(("add", "/status", "cancelled")),
        patch_body(("replace", "/patient-status", "accepted")),
    ],
)
async def test_a_patch_against_the_rules_is_unprocessable(visit: Visit, body: bytes) -> None:
    answer = await visit.patch(body)

    assert answer.status_code == 422
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_an_ordinary_appointment_takes_no_links(hospital: Hospital) -> None:
    booked = await hospital.book(video=False)
    visit = Visit(hospital, await hospital.system_token(), booked["id"])

    assert (await visit.patch(links("add"))).status_code == 422


async def test_a_status_moves_along_its_table(visit: Visit) -> None:
    for status in ("arrived", "checked-in", "fulfilled"):
        assert (await visit.patch(patch_body(("replace", "/status", status)))).status_code == 200

    back = await visit.patch(patch_body(("replace", "/status", "cancelled")))
    assert back.status_code == 422
    assert (await visit.read())["status"] == "fulfilled"


async def test_a_patch_may_come_dressed_as_a_post(visit: Visit) -> None:
    body = patch_body(("replace", "/status", "arrived"))

    answer = await visit.patch(body, method="POST", **{"X-HTTP-Method-Override": "PATCH"})

    assert answer.status_code == 200


async def test_a_patch_needs_its_media_type_and_both_scopes(hospital: Hospital, visit: Visit) -> None:
    plain = await visit.patch(links("add"), **{"Content-Type": "application/json"})
    reader = Visit(hospital, await hospital.system_token("system/Appointment.read"), visit.id)
    no_write = await reader.patch(links("add"))
    writer = Visit(hospital, await hospital.system_token("system/Appointment.write"), visit.id)
    no_read = await writer.patch(links("add"), version='W/"1-1"')

    assert (plain.status_code, no_write.status_code, no_read.status_code) == (415, 403, 403)


@pytest.mark.parametrize(("fault", "status"), [("locked", 423), ("dependency", 424)])
async def test_faults_of_a_patch_can_be_provoked(visit: Visit, fault: str, status: int) -> None:
    await visit.hospital.web.post("/sandbox/settings", json={"patch_fault": fault})

    assert (await visit.patch(links("add"))).status_code == status


SLOT_AT_NOON = "Slot/21265-21304103-29927160-0"  # 2026-11-25T18:00Z, noon at the clinic
EXTENSION = "https://fhir-ehr.cerner.com/r4/StructureDefinition"
ACTION = {"url": f"{EXTENSION}/action-comment", "valueString": "not required"}
WHY_MOVED = {"url": f"{EXTENSION}/reschedule-reason", "valueCodeableConcept": {"coding": []}}
CODE = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"}]}
SLOTS = [{"reference": SLOT_AT_NOON}]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("booked", patch_body(("replace", "/status", "cancelled"))),
        ("booked", patch_body(("replace", "/status", "cancelled"), ("add", "/cancelationReason", CODE))),
        (
            "booked",
            patch_body(
                ("replace", "/extension", [ACTION]),
                ("replace", "/status", "cancelled"),
                ("add", "/cancelationReason", CODE),
            ),
        ),
        ("proposed", patch_body(("add", "/slot", SLOTS), ("replace", "/status", "booked"))),
        (
            "proposed",
            patch_body(
                ("add", "/slot", SLOTS),
                ("replace", "/status", "booked"),
                ("add", "/reasonCode", [{"text": "I have a headache"}]),
            ),
        ),
        ("booked", patch_body(("replace", "/slot", SLOTS))),
        ("booked", patch_body(("replace", "/slot", SLOTS), ("replace", "/extension", [ACTION]))),
        ("booked", patch_body(("replace", "/slot", SLOTS), ("add", "/extension", [WHY_MOVED]))),
        ("booked", patch_body(("replace", "/slot", SLOTS), ("replace", "/comment", "moved"))),
    ],
)
async def test_every_body_of_the_vendors_documentation_is_taken(
    hospital: Hospital, status: str, body: bytes
) -> None:
    booked = await hospital.book(status=status)
    visit = Visit(hospital, await hospital.system_token(), booked["id"])

    answer = await visit.patch(body)

    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_slot_says_where_and_when(visit: Visit) -> None:
    await visit.patch(patch_body(("replace", "/slot", SLOTS)))

    shape = await visit.read()
    places = [each["actor"].get("reference") for each in shape["participant"]]
    assert shape["start"] == "2026-11-25T18:00:00.000Z"
    assert shape["slot"] == SLOTS
    assert "Location/21304103" in places


@pytest.mark.parametrize(
    "body",
    [
        patch_body(("replace", "/slot", [{"reference": "Slot/21265-999-29927160-0"}])),
        patch_body(("replace", "/slot", [{"reference": "Slot/made-up"}])),
        patch_body(("replace", "/slot", [])),
        patch_body(("replace", "/comment", "alone")),
        patch_body(("replace", "/status", "arrived"), ("replace", "/comment", "without a slot")),
        patch_body(("replace", "/status", "cancelled"), ("add", "/extension", [WHY_MOVED])),
        patch_body(("replace", "/status", "cancelled"), ("add", "/extension", [{"url": "elsewhere"}])),
        patch_body(("replace", "/status", "arrived"), ("add", "/reasonCode", [])),
        patch_body(("replace", "/slot", SLOTS), ("replace", "/slot", SLOTS)),
    ],
)
async def test_a_refused_patch_leaves_the_appointment_as_it_was(visit: Visit, body: bytes) -> None:
    before = await visit.read()

    answer = await visit.patch(body)

    assert answer.status_code == 422
    assert await visit.read() == before


async def test_who_is_over_is_not_rescheduled(visit: Visit) -> None:
    await visit.patch(patch_body(("replace", "/status", "cancelled")))

    answer = await visit.patch(patch_body(("replace", "/slot", SLOTS)))

    assert answer.status_code == 422
