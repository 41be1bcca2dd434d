"""Many records at once: in batches or by lists of ids where allowed, one by one where not."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from housecall.ehr.errors import (
    AnswerUnreadable,
    EhrFaulted,
    EhrRefused,
    EhrThrottled,
    EhrUnavailable,
    RecordGone,
    SystemAccountMissing,
)
from housecall.ehr.fhir import Fhir, resources_in
from housecall.ehr.fields import record_id
from housecall.ehr.outward import DEFAULT_WAIT
from housecall.ehr.profile import VendorProfile

_AT_ONCE: Final = 6
_MOST_PAGES: Final = 50
_Found = TypeVar("_Found")


class BulkReader:
    """Reads many records of one kind by the system account; learns when batches are refused."""

    def __init__(self, fhir: Fhir, profile: VendorProfile) -> None:
        self._fhir = fhir
        self._profile = profile
        self._may_batch = profile.batch_size > 1
        self._may_list_ids = profile.ids_per_search > 1

    async def by_batch(self, kind: str, refs: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The records that exist and can be read, by their ids."""
        if not self._may_batch:
            return await self.by_ids(kind, refs)
        return await self._in_chunks(kind, refs, self._profile.batch_size, self._batch)

    async def by_ids(self, kind: str, refs: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The same by ``_id`` searches."""
        size = self._profile.ids_per_search if self._may_list_ids else 0
        return await self._in_chunks(kind, refs, size, self._search)

    async def _in_chunks(
        self,
        kind: str,
        refs: Sequence[str],
        size: int,
        read: Callable[[str, list[str]], Awaitable[dict[str, dict[str, Any]]]],
    ) -> dict[str, dict[str, Any]]:
        wanted = [ref for ref in dict.fromkeys(refs) if record_id(ref) == ref]
        found: dict[str, dict[str, Any]] = {}
        step = max(size, 1)
        for at in range(0, len(wanted) if size > 1 else 0, step):
            found |= await read(kind, wanted[at : at + step])
        return found if size > 1 else await self._one_by_one(kind, wanted)

    async def _batch(self, kind: str, refs: list[str]) -> dict[str, dict[str, Any]]:
        try:
            entries = await self._fhir.batch([f"{kind}/{ref}" for ref in refs])
        except SystemAccountMissing:
            raise
        except (EhrRefused, AnswerUnreadable):
            self._may_batch = False
            return await self._one_by_one(kind, refs)
        except EhrFaulted:
            return await self._one_by_one(kind, refs)
        found: dict[str, dict[str, Any]] = {}
        again: list[str] = []
        for ref, entry in zip(refs, entries, strict=True):
            response, resource = entry.get("response"), entry.get("resource")
            status = str(response.get("status", "")) if isinstance(response, dict) else ""
            if status.startswith(("429", "503")):
                raise EhrThrottled(DEFAULT_WAIT)
            if isinstance(resource, dict) and resource.get("id") == ref:
                found[ref] = resource
            elif not status.startswith(("404", "410")):
                again.append(ref)
        return found | (await self._one_by_one(kind, again) if again else {})

    async def _search(self, kind: str, refs: list[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        try:
            page: dict[str, Any] | None = await self._fhir.search(kind, {"_id": ",".join(refs)}, tokens=None)
            for _ in range(_MOST_PAGES):
                if page is None:
                    break
                found |= {str(resource.get("id")): resource for resource in resources_in(page)}
                page = await self._fhir.next_page(page, tokens=None)
        except SystemAccountMissing:
            raise
        except EhrRefused:
            self._may_list_ids = False
            return await self._one_by_one(kind, refs)
        except (EhrFaulted, AnswerUnreadable):
            return await self._one_by_one(kind, refs)
        return {ref: found[ref] for ref in refs if ref in found}

    async def _one_by_one(self, kind: str, refs: Sequence[str]) -> dict[str, dict[str, Any]]:
        gate = asyncio.Semaphore(_AT_ONCE)
        failed: list[EhrUnavailable] = []

        async def read(ref: str) -> dict[str, Any] | None:
            async with gate:
                try:
                    return await self._fhir.read(kind, ref, tokens=None)
                except EhrThrottled:
                    raise
                except EhrUnavailable as fault:
                    failed.append(fault)
                except (RecordGone, AnswerUnreadable):
                    pass
                return None

        answers = await asyncio.gather(*(read(ref) for ref in refs))
        if failed and len(failed) == len(refs):
            raise failed[0]
        return {ref: answer for ref, answer in zip(refs, answers, strict=True) if answer is not None}
