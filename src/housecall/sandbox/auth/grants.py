"""What the authorization server has handed out: launches, codes, sessions, refresh tokens."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from housecall.kit.clock import Clock
from housecall.kit.ids import new_token
from housecall.sandbox.errors import OauthRefused

LAUNCH_LASTS: Final = timedelta(minutes=5)
CODE_LASTS: Final = timedelta(minutes=1)
TOKEN_LASTS: Final = timedelta(seconds=570)
ACTIVE_LASTS: Final = timedelta(minutes=30)
# Millennium may throttle whoever renews more than once a minute; the sandbox does when told to.
RENEWAL_EVERY: Final = timedelta(minutes=1)


@dataclass
class Launch:
    """Somebody opened Housecall from a chart or from the patient portal."""

    code: str
    persona: str  # provider or patient
    user: str  # the practitioner's id, or the patient's
    patient: str
    expires: datetime
    encounter: str | None = None
    appointment: str | None = None
    is_spent: bool = False


@dataclass
class Code:
    """One authorization code."""

    value: str
    client_id: str
    redirect_uri: str
    challenge: str
    scopes: tuple[str, ...]
    nonce: str | None
    launch: Launch
    expires: datetime
    is_spent: bool = False


@dataclass(frozen=True)
class Session:
    """What one access token stands for."""

    token: str
    client_id: str
    persona: str  # provider, patient or system
    scopes: tuple[str, ...]
    expires: datetime
    family: str  # all tokens that came from one code share it
    user: str | None = None
    patient: str | None = None


@dataclass
class Refresh:
    """One refresh token, and what it renews."""

    token: str
    client_id: str
    scopes: tuple[str, ...]
    launch: Launch
    family: str
    last_active: datetime
    is_offline: bool
    last_renewed: datetime | None = None


@dataclass
class Held:
    """Everything handed out and still good, as it is written to disk."""

    launches: dict[str, Launch] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    refreshes: dict[str, Refresh] = field(default_factory=dict)
    assertions: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """A code read back from disk means the same launch as before, not a copy of it."""
        for code in self.codes.values():
            code.launch = self.launches.get(code.launch.code, code.launch)


@dataclass
class Grants:
    """Hands out and takes back; ``on_change`` hears of every change, so that it is kept."""

    clock: Clock
    held: Held = field(default_factory=Held)
    on_change: Callable[[], None] = lambda: None

    def new_launch(
        self, *, persona: str, user: str, patient: str, encounter: str | None, appointment: str | None
    ) -> Launch:
        """A launch code good for five minutes, until a token came of it."""
        self._prune()
        expires = self.clock.now() + LAUNCH_LASTS
        launch = Launch(new_token(), persona, user, patient, expires, encounter, appointment)
        self.held.launches[launch.code] = launch
        self.on_change()
        return launch

    def open_launch(self, code: str) -> Launch:
        """The launch; raises OauthRefused when unknown, too old, or used already."""
        launch = self.held.launches.get(code)
        if launch is None or launch.is_spent or launch.expires <= self.clock.now():
            raise OauthRefused("invalid_request", "smart-v1:grant:launch:invalid-launch-code")
        return launch

    def keep_code(self, code: Code) -> None:
        """The code waits to be exchanged."""
        self.held.codes[code.value] = code
        self.on_change()

    def find_code(self, value: str) -> Code | None:
        """The code, spent or not, until a while after its end."""
        return self.held.codes.get(value)

    def spend(self, code: Code, *, with_launch: bool) -> None:
        """The code is good no more; with a token, its launch is not either."""
        code.is_spent = True
        code.launch.is_spent = code.launch.is_spent or with_launch
        self.on_change()

    def keep_session(self, session: Session) -> None:
        """The access token opens what it opens."""
        self.held.sessions[session.token] = session
        self.on_change()

    def find_session(self, token: str) -> Session | None:
        """The session of a token that is still good."""
        session = self.held.sessions.get(token)
        return session if session and session.expires > self.clock.now() else None

    def keep_refresh(self, refresh: Refresh) -> None:
        """The refresh token renews."""
        self.held.refreshes[refresh.token] = refresh
        self.on_change()

    def renew_refresh(self, refresh: Refresh) -> Refresh:
        """A new refresh token in place of the old one, which is good no more."""
        fresh = replace(refresh, token=new_token())
        del self.held.refreshes[refresh.token]
        self.keep_refresh(fresh)
        return fresh

    def find_refresh(self, token: str) -> Refresh | None:
        """What the refresh token renews."""
        return self.held.refreshes.get(token)

    def revoke_family(self, family: str) -> None:
        """No token that came of the code is good any more."""
        held = self.held
        held.sessions = {key: each for key, each in held.sessions.items() if each.family != family}
        held.refreshes = {key: each for key, each in held.refreshes.items() if each.family != family}
        self.on_change()

    def spend_assertion(self, client_id: str, jti: str, until: datetime) -> None:
        """The assertion's id counts as used; raises OauthRefused if it was used before."""
        now, held = self.clock.now(), self.held
        held.assertions = {key: expires for key, expires in held.assertions.items() if expires > now}
        key = f"{client_id} {jti}"
        if key in held.assertions:
            raise OauthRefused("invalid_client", "oauth2:token:assertion-replayed", status=401)
        held.assertions[key] = until
        self.on_change()

    def _prune(self) -> None:
        now, held = self.clock.now(), self.held
        held.launches = {key: each for key, each in held.launches.items() if each.expires > now}
        held.codes = {key: each for key, each in held.codes.items() if each.expires + CODE_LASTS > now}
        held.sessions = {key: each for key, each in held.sessions.items() if each.expires > now}
        held.refreshes = {
            key: each
            for key, each in held.refreshes.items()
            if each.is_offline or each.last_active + ACTIVE_LASTS > now
        }
