"""A launch that is tried from the portal: the whole of it, with our server in the browser's place.

Only an EHR that gives out launches to programs can be tried like this: the sandbox. The session that comes of it
is ended at once.
"""

from urllib.parse import parse_qs, urlsplit

from housecall.db.database import Database
from housecall.ehr.base import Persona
from housecall.ehr.errors import LaunchDenied
from housecall.ehr.outward import Outward
from housecall.tenancy.errors import ConnectionNotWorking
from housecall.tenancy.tables import Connection
from housecall.visits.desk import Desk
from housecall.visits.launches import begin_launch, finish_launch
from housecall.visits.patient_launches import finish_patient_launch
from housecall.visits.tables import Launch


async def try_launch(
    desk: Desk, database: Database, connection: Connection, *, launch: str, persona: Persona, outward: Outward
) -> int:
    """The launch went through; answers how many visits it led to. Raises what a launch raises."""
    begun = await begin_launch(desk, database, connection, launch=launch, persona=persona)
    answer = await outward.send("GET", begun.authorization_url)
    said = {
        name: values[0]
        for name, values in parse_qs(urlsplit(answer.headers.get("location", "")).query).items()
    }
    if not said:
        raise LaunchDenied("The EHR does not know the client id or the redirect address.")
    finish = finish_patient_launch if persona == "patient" else finish_launch
    try:
        finished = await finish(
            desk,
            database,
            state=said.get("state"),
            code=said.get("code"),
            error=said.get("error"),
            cookie_of=lambda _: begun.cookie_secret,
        )
    except ConnectionNotWorking:
        # A production connection that waits to go live: this was its test launch.
        return 0
    return await _end(database, finished)


async def _end(database: Database, finished: Launch) -> int:
    async with database.work() as work:
        kept = await work.session.get_one(Launch, finished.id)
        kept.state = "ended"
        kept.tokens_sealed = kept.encounter_ref_sealed = kept.patient_ref_sealed = None
        return len(kept.visit_ids)
