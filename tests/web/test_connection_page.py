"""A connection's page says how it stands with the EHR."""

import re

import pytest_asyncio

from housecall.db.database import Database
from housecall.ehr.allowance import Lane
from housecall.ehr.errors import EhrBudgetSpent
from housecall.kit.clock import FakeClock
from housecall.kit.sealing import Sealer
from housecall.tenancy.model import Role
from housecall.tenancy.spending import Budget, Spending
from tests.visits.clinic import Clinic, open_clinic
from tests.web.live import serve
from tests.web.test_write_back import signed_in


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(database: Database, clock: FakeClock, sealer: Sealer) -> Clinic:
    return await open_clinic(database, clock, sealer)


async def test_a_budget_that_is_used_up_stands_on_the_connections_page(clinic: Clinic) -> None:
    budget = Budget(clinic.org_id, clinic.connection.id, 40)
    purse = Spending(clinic.database, clinic.clock).allowance(budget)
    said = []

    async with serve(clinic) as live:
        administrator = await signed_in(live, Role.administrator)
        for spend in (False, True):
            try:
                while spend:
                    await purse.take(Lane.work)
            except EhrBudgetSpent:
                pass
            page = await administrator.get(f"/portal/setup/connections/{clinic.connection.id}")
            found = re.search(r'data-testid="ehr-budget">([^<]*)<', page.text)
            assert found, page.text
            said.append(found[1])
        await administrator.aclose()

    assert said[0] == "Requests to the EHR in this minute: 0 of 2400."
    assert said[1].startswith("Requests to the EHR in this minute: 40 of 2400. The budget is used up")
