"""A launch at the wrong address is told apart: strangers learn nothing, an organisation's own mix-up names both."""

import httpx

from housecall.app import make_app
from housecall.db.database import Database
from housecall.kit.clock import FakeClock
from housecall.kit.ids import OrgId
from housecall.kit.sealing import Sealer
from housecall.kit.settings import Settings
from housecall.tenancy.model import Environment
from housecall.tenancy.service import Declaration, declare_connection, ensure_organisation
from housecall.tenancy.tables import Connection
from housecall.web.house import House
from tests.visits.clinic import OPERATOR, Clinic, open_clinic

ORIGIN = "http://localhost:8000"


async def declare(clinic: Clinic, base_url: str, environment: Environment, organisation: str) -> Connection:
    async with clinic.database.work() as work:
        owner = await ensure_organisation(work, organisation, region="americas", now=clinic.now, by=OPERATOR)
        declared = Declaration(base_url, environment, "generic", "public", "housecall")
        return await declare_connection(
            work, OrgId(owner.id), declared, sealer=clinic.desk.sealer, now=clinic.now, by=OPERATOR
        )


async def test_a_test_address_launched_at_the_production_connection_names_both(
    database: Database, clock: FakeClock, sealer: Sealer
) -> None:
    clinic = await open_clinic(database, clock, sealer)
    production = await declare(clinic, "https://ehr.example/prod", Environment.production, "default")
    test = await declare(clinic, "https://ehr.example/tst", Environment.test, "default")
    strangers = await declare(clinic, "https://other.example/tst", Environment.test, "another")

    async def launch(at: Connection, iss: str) -> httpx.Response:
        return await browser.get(f"/ehr/launch/{at.id}", params={"iss": iss, "launch": "l-1"})

    settings = Settings({"HOUSECALL_PUBLIC_URL": ORIGIN})
    desk = clinic.desk
    app = make_app(House(settings, clinic.database, desk.sealer, clinic.clock, desk.hub, desk, ORIGIN))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN) as browser:
        mixed = await launch(production, test.base_url)
        reverse = await launch(test, production.base_url + "/")
        foreign = await launch(production, strangers.base_url)
        unknown = await launch(production, "https://nowhere.example")
        patients = await browser.get(
            f"/ehr/patient/launch/{production.id}", params={"iss": test.base_url, "launch": "l-1"}
        )

    for answer in (mixed, reverse):
        assert answer.status_code == 409
        assert answer.json()["code"] == "tenancy.environment_mixed"
        assert test.base_url in answer.text
        assert production.base_url in answer.text
    for answer in (foreign, unknown):
        assert answer.json()["code"] == "tenancy.connection_unknown"
        assert production.base_url not in answer.text
    assert patients.status_code == 409
    assert "ehr.example" not in patients.text
