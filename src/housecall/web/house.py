"""What every request can reach: built once by the composition root, read-only afterwards."""

from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from housecall.db.database import Database
from housecall.kit.clock import Clock
from housecall.kit.sealing import Sealer
from housecall.kit.settings import Settings
from housecall.messaging.carriers import Carriers
from housecall.realtime.hub import Hub
from housecall.visits.desk import Desk


@dataclass(frozen=True)
class House:
    """The rooms' open doors, handed to the web."""

    settings: Settings
    database: Database
    sealer: Sealer
    clock: Clock
    hub: Hub
    desk: Desk
    public_url: str
    carriers: Carriers = field(default_factory=Carriers)

    @property
    def is_demo(self) -> bool:
        """Whether the sandbox belongs to this deployment."""
        return self.settings.flag("HOUSECALL_DEMO")

    @property
    def warms_up(self) -> bool:
        """Whether connections are made before admission: only where a relay hides who is at their ends."""
        can = self.desk.meetings.capabilities
        return self.settings.flag("HOUSECALL_WARM_UP") and can.connects_browsers and can.hides_addresses


def house_of(request: HTTPConnection) -> House:
    """The house a request or socket came to."""
    house = request.app.state.house
    assert isinstance(house, House)
    return house
