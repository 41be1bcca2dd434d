"""The databases by region, and the unit of work opened on one of them."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import ClassVar

from procrastinate import App
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from housecall.db.work import Work
from housecall.kit.errors import HousecallError, Kind

log = logging.getLogger(__name__)


class RegionUnknown(HousecallError):
    """This deployment does not keep data of that region."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "db.region_unknown"


class Database:
    """Engines by region; refuses a region it has no engine for, so that nothing crosses by mistake."""

    def __init__(self, urls: Mapping[str, str], queue: App, *, pool_size: int = 10) -> None:
        self._engines: dict[str, AsyncEngine] = {
            # Values stay out of what is raised, which may be logged.
            region: create_async_engine(
                url, pool_size=pool_size, max_overflow=10, pool_pre_ping=True, hide_parameters=True
            )
            for region, url in urls.items()
        }
        self._makers = {
            region: async_sessionmaker(engine, expire_on_commit=False)
            for region, engine in self._engines.items()
        }
        self._queue = queue
        self.home_region = next(iter(urls))

    @property
    def queue(self) -> App:
        """The queue on the home region's database."""
        return self._queue

    def engine(self, region: str | None = None) -> AsyncEngine:
        """The engine of a region; the deployment's own when none is named."""
        try:
            return self._engines[region or self.home_region]
        except KeyError:
            raise RegionUnknown from None

    @asynccontextmanager
    async def work(self, region: str | None = None) -> AsyncIterator[Work]:
        """One transaction: committed at the end, rolled back on any error; then its effects."""
        self.engine(region)
        session: AsyncSession = self._makers[region or self.home_region]()
        work = Work(session, self._queue)
        try:
            async with session.begin():
                yield work
            # The connection is back in the pool by now; only the session's own clearing up is still to come.
            await work.run_effects()
        finally:
            await session.close()

    async def is_ready(self) -> bool:
        """Whether the home region's database answers."""
        async with self.engine().connect() as connection:
            return (await connection.execute(text("SELECT 1"))).scalar() == 1

    async def close(self) -> None:
        """Close every engine's connections."""
        for engine in self._engines.values():
            await engine.dispose()
