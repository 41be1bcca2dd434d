"""Puts the house together from its settings: what the web and the worker both stand on."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from housecall.db.database import Database
from housecall.db.embedded import EmbeddedPostgres
from housecall.db.migrate import migrate
from housecall.db.queue import make_queue
from housecall.ehr.addresses import NetworkRules
from housecall.kit.clock import Clock, SystemClock
from housecall.kit.languages import add_language, check_texts, read_language
from housecall.kit.sealing import Sealer, parse_master_keys, read_or_make_key
from housecall.kit.settings import SettingInvalid, Settings
from housecall.meetings.registry import backend_for
from housecall.messaging import templates
from housecall.messaging.providers.registry import carriers_for
from housecall.realtime.bus import bus_for
from housecall.realtime.hub import Hub
from housecall.tenancy.directory import EhrDirectory
from housecall.tenancy.keys import load_signing_keys
from housecall.tenancy.meetings import TeamsDirectory
from housecall.tenancy.spending import Spending
from housecall.visits.desk import Desk
from housecall.visits.words import WAITING_TEXTS, say
from housecall.web import pages
from housecall.web.house import House

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where the data is: a server named by a setting, or the embedded one that this process holds a share in."""

    url: str
    dsn: str
    embedded: EmbeddedPostgres | None

    def leave(self) -> None:
        """Give back the share in the embedded server; the last one to leave stops it."""
        if self.embedded is not None:
            self.embedded.leave()


def data_dir(settings: Settings) -> Path:
    """The data directory, made if missing."""
    folder = Path(settings.text("HOUSECALL_DATA_DIR")).expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def open_place(settings: Settings) -> Place:
    """The database of these settings, started or joined, and migrated."""
    given = settings.text("HOUSECALL_DATABASE_URL")
    if given:
        dsn = "postgresql://" + given.split("://", 1)[-1]
        place = Place(url=dsn.replace("postgresql://", "postgresql+psycopg://", 1), dsn=dsn, embedded=None)
    else:
        embedded = EmbeddedPostgres.join(data_dir(settings))
        place = Place(url=embedded.url, dsn=embedded.dsn, embedded=embedded)
    try:
        migrate(place.url)
    except BaseException:
        place.leave()
        raise
    return place


def sealer_for(settings: Settings) -> Sealer:
    """The sealer under the master key of the settings, or under one made in the data directory."""
    given = settings.text("HOUSECALL_MASTER_KEY")
    if given:
        try:
            return Sealer(*parse_master_keys(given))
        except ValueError as fault:
            raise SettingInvalid(str(fault)) from None
    path = data_dir(settings) / "master.key"
    if not path.exists():
        log.warning(
            "HOUSECALL_MASTER_KEY is not set: a key was made in the data directory. Keep a copy of it."
        )
    return Sealer(read_or_make_key(path))


def add_languages(settings: Settings) -> None:
    """The languages in the operator's folder are ours as well; raises LanguageInvalid, naming what is wrong."""
    folder = settings.text("HOUSECALL_LANGUAGES_DIR")
    if not folder:
        return
    if not Path(folder).is_dir():
        raise SettingInvalid("HOUSECALL_LANGUAGES_DIR is not a folder.")
    for path in sorted(Path(folder).glob("*.json")):
        language = read_language(path)
        check_texts(language, "pages", pages.catalogue("en"))
        check_texts(language, "waiting", {key: say(key, "en") for key in WAITING_TEXTS})
        check_texts(language, "messages", templates.catalogue("en"), whole=True)
        add_language(language)


async def build_house(settings: Settings, place: Place, *, clock: Clock | None = None) -> House:
    """The house on an open database; nothing runs in it yet."""
    clock = clock or SystemClock()
    add_languages(settings)
    sealer = sealer_for(settings)
    database = Database({settings.region: place.url}, make_queue(place.dsn))
    network = NetworkRules.from_setting(
        settings.words("HOUSECALL_ALLOW_PRIVATE_ADDRESSES"), settings.text("HOUSECALL_CA_FILE")
    )
    directory = EhrDirectory(clock, sealer, network, Spending(database, clock))
    async with database.work() as work:
        await load_signing_keys(work, directory, sealer, now=clock.now())
    hub = Hub(bus_for(settings.text("HOUSECALL_REDIS_URL")))
    desk = Desk(
        clock=clock,
        hub=hub,
        sealer=sealer,
        ehr=directory,
        public_url=settings.public_url,
        meetings=backend_for(settings, clock),
        services=TeamsDirectory(clock, sealer, stand_in=settings.text("HOUSECALL_TEAMS_STAND_IN")),
    )
    return House(
        settings=settings,
        database=database,
        sealer=sealer,
        clock=clock,
        hub=hub,
        desk=desk,
        public_url=settings.public_url,
        carriers=carriers_for(settings, sealer),
    )


async def close_house(house: House) -> None:
    """Everything the house holds is given back."""
    await house.hub.stop()
    await house.desk.ehr.close()
    await house.carriers.close()
    await house.desk.services.close()
    await house.database.close()
    await asyncio.sleep(0)  # lets closed transports finish before the loop ends


@contextlib.asynccontextmanager
async def opened_house(settings: Settings) -> AsyncIterator[House]:
    """The house on its own data, for one command; given back at the end."""
    place = open_place(settings)
    try:
        house = await build_house(settings, place)
        try:
            yield house
        finally:
            await close_house(house)
    finally:
        place.leave()
