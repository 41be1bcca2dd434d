"""A launch: begun in the EHR, finished once; a clinician's is from then on the session of one chart.

A launch is a row and a secret in the browser's cookie. Nothing a browser says finds a launch without its secret,
and each chart has a launch of its own, so that two charts side by side never mix. A patient's launch is begun and
taken up here as well, and finished in ``visits/patient_launches.py``; neither persona is found by the other's door.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from housecall.audit.model import Act, Actor, By
from housecall.audit.service import record
from housecall.db.database import Database
from housecall.db.work import Work
from housecall.ehr.base import LaunchContext, Persona
from housecall.ehr.errors import EhrError
from housecall.kit.errors import HousecallError
from housecall.kit.ids import OrgId, hash_token, new_token, short_id
from housecall.tenancy.errors import ConnectionNotWorking
from housecall.tenancy.model import ConnectionState
from housecall.tenancy.records import REDIRECT_PATHS
from housecall.tenancy.service import is_working, note_test_launch
from housecall.tenancy.store import get_connection
from housecall.tenancy.tables import Connection
from housecall.visits.access import keep_tokens
from housecall.visits.candidates import find_candidates, take_candidates
from housecall.visits.desk import Desk
from housecall.visits.errors import LaunchDenied, LaunchForeign, LaunchUnknown, LaunchUsed
from housecall.visits.instant import find_of_patient
from housecall.visits.tables import Launch

# As long as a clinician may take to sign in; the EHR's own code lives shorter.
BEGUN_LIFE: Final = timedelta(minutes=10)
# Half a day: a whole shift in front of one chart.
SESSION_LIFE: Final = timedelta(hours=12)

_STATES_THAT_LAUNCH: Final = {ConnectionState.validated, ConnectionState.tested, ConnectionState.live}
_SYSTEM: Final = By(Actor.system, "launch")
# RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6: all that may be written down of what an EHR answers.
_KNOWN_REFUSALS: Final = frozenset(
    {
        "access_denied",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_response_type",
        "server_error",
        "temporarily_unavailable",
        "login_required",
        "consent_required",
        "interaction_required",
    }
)

CookieOf = Callable[[str], str | None]


@dataclass(frozen=True)
class Begun:
    """A launch on its way: where the browser goes, and its half of the secret."""

    launch_id: str
    cookie_secret: str
    authorization_url: str


async def begin_launch(
    desk: Desk, database: Database, connection: Connection, *, launch: str | None, persona: Persona
) -> Begun:
    """The EHR is asked to say who this is. Raises ConnectionNotWorking, or an EhrError when it is away."""
    # A test launch is a clinician's: patients come once the connection works.
    may_launch = (
        connection.state in _STATES_THAT_LAUNCH if persona == "practitioner" else is_working(connection)
    )
    if not may_launch:
        raise ConnectionNotWorking
    request = await desk.ehr.client_of(connection, persona).begin_launch(
        launch=launch, redirect_url=redirect_url(desk, persona), persona=persona
    )
    secret, now, launch_id = new_token(), desk.clock.now(), short_id("l", 20)
    sealed = desk.sealer.seal(request.code_verifier, purpose=f"verifier:{launch_id}")
    async with database.work() as work:
        work.session.add(
            Launch(
                id=launch_id,
                org_id=connection.org_id,
                connection_id=connection.id,
                persona=persona,
                state="begun",
                secret_hash=hash_token(secret),
                state_hash=hash_token(request.state),
                nonce=request.nonce,
                verifier_sealed=sealed,
                visit_ids=[],
                created_at=now,
                expires_at=now + BEGUN_LIFE,
            )
        )
        await note(work, connection, Act.launch_begun, launch_id, _SYSTEM, now)
    return Begun(launch_id, secret, request.url)


async def finish_launch(
    desk: Desk,
    database: Database,
    *,
    state: str | None,
    code: str | None,
    error: str | None,
    cookie_of: CookieOf,
) -> Launch:
    """The launch is the session of one chart from now on, with the visits it is about.

    Raises LaunchUnknown, LaunchUsed, LaunchForeign, LaunchDenied, an EhrError, or ConnectionNotWorking for a
    production connection that may not go on after its test launch.
    """
    launch, connection = await take_up(desk, database, state, cookie_of, persona="practitioner")
    try:
        context = await exchange(desk, connection, launch, code=code, error=error)
        candidates = await find_candidates(desk, connection, context)
    except (EhrError, LaunchDenied) as fault:
        await refuse(desk, database, launch, fault)
        raise
    async with database.work() as work:
        launch = await work.session.get_one(Launch, launch.id)
        connection = await get_connection(work, OrgId(launch.org_id), launch.connection_id)
        await note_test_launch(work, connection, now=desk.clock.now(), by=_by(context))
        if is_working(connection):
            booked = await take_candidates(desk, work, connection, candidates)
            launch.visit_ids = booked + await find_of_patient(desk, work, connection, context.patient)
            await _activate(desk, work, launch, context)
        else:
            launch.state = "ended"
        await note(work, connection, Act.launch_finished, launch.id, _by(context), desk.clock.now())
    if not is_working(connection):
        raise ConnectionNotWorking(
            "The test launch worked. This connection is for production and has not gone live yet; "
            "an administrator can switch it on now."
        )
    return launch


async def find_launch(
    work: Work, launch_id: str, secret: str, *, now: datetime, persona: Persona = "practitioner"
) -> Launch | None:
    """The persona's launch whose secret the browser holds, if it is a session that still lasts."""
    launch = await work.session.get(Launch, launch_id)
    if launch is None or launch.persona != persona or not _is_secret(launch, secret):
        return None
    return launch if launch.state == "active" and launch.expires_at > now else None


def redirect_url(desk: Desk, persona: Persona) -> str:
    """Where the EHR sends the browser back to."""
    return desk.public_url + REDIRECT_PATHS[persona]


async def take_up(
    desk: Desk, database: Database, state: str | None, cookie_of: CookieOf, *, persona: Persona
) -> tuple[Launch, Connection]:
    """The persona's launch behind ``state``, so that nobody else can finish it; committed before the EHR is asked."""
    if not state:
        raise LaunchUnknown
    async with database.work() as work:
        found = await work.session.scalars(
            select(Launch).where(Launch.state_hash == hash_token(state)).with_for_update()
        )
        launch = found.one_or_none()
        if launch is None or launch.persona != persona:
            raise LaunchUnknown
        if launch.state == "begun" and launch.expires_at <= desk.clock.now():
            raise LaunchUnknown
        if not _is_secret(launch, cookie_of(launch.id) or ""):
            raise LaunchForeign
        if launch.state != "begun":
            raise LaunchUsed
        launch.state = "taken_up"
        return launch, await get_connection(work, OrgId(launch.org_id), launch.connection_id)


async def exchange(
    desk: Desk, connection: Connection, launch: Launch, *, code: str | None, error: str | None
) -> LaunchContext:
    """Who launched about whom, for the code that came back; raises LaunchDenied if none did, or an EhrError."""
    if error or not code:
        raise LaunchDenied(error if error in _KNOWN_REFUSALS else "no_code")
    return await desk.ehr.client_of(connection, _persona(launch)).finish_launch(
        code=code,
        redirect_url=redirect_url(desk, _persona(launch)),
        code_verifier=desk.sealer.open(launch.verifier_sealed or b"", purpose=f"verifier:{launch.id}"),
        nonce=launch.nonce or "",
        persona=_persona(launch),
    )


async def _activate(desk: Desk, work: Work, launch: Launch, context: LaunchContext) -> None:
    now = desk.clock.now()
    launch.state = "active"
    # A clinician's id is the one thing of a person that is stored; a patient's never is.
    launch.user_ref = context.user
    launch.nonce = launch.verifier_sealed = None
    launch.expires_at = now + SESSION_LIFE
    if context.encounter:
        launch.encounter_ref_sealed = desk.sealer.seal(context.encounter, purpose=f"encounter:{launch.id}")
    if context.patient:
        # Whom a visit begun from this chart is with; forgotten with the launch.
        launch.patient_ref_sealed = desk.sealer.seal(context.patient, purpose=f"patient:{launch.id}")
    keep_tokens(desk, launch, context.tokens)
    await work.session.flush()


async def refuse(desk: Desk, database: Database, launch: Launch, fault: HousecallError) -> None:
    """The launch is over, and the reason's code is on record: never the words that came back."""
    reason = fault.reason if isinstance(fault, LaunchDenied) else fault.code
    async with database.work() as work:
        kept = await work.session.get_one(Launch, launch.id)
        kept.state = "refused"
        kept.nonce = kept.verifier_sealed = None
        connection = await get_connection(work, OrgId(kept.org_id), kept.connection_id)
        await note(work, connection, Act.launch_refused, kept.id, _SYSTEM, desk.clock.now(), reason=reason)


async def note(
    work: Work, connection: Connection, act: Act, launch_id: str, by: By, now: datetime, **detail: str
) -> None:
    """The act on a launch is on record."""
    org_id = OrgId(connection.org_id)
    await record(work, org_id, act, by=by, subject=launch_id, at=now, connection=connection.id, **detail)


def _is_secret(launch: Launch, secret: str) -> bool:
    return bool(secret) and hmac.compare_digest(launch.secret_hash, hash_token(secret))


def _persona(launch: Launch) -> Persona:
    return "patient" if launch.persona == "patient" else "practitioner"


def _by(context: LaunchContext) -> By:
    return By(Actor.clinician, context.user)
