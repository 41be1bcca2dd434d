"""An audience: routes that share one guard. A route cannot be mounted outside one."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends


class Audience(APIRouter):
    """A router that is closed by default: its guard runs before every route and is named in the route itself.

    ``guard`` is a dependency; it raises when the caller may not come in. Routes that need what the guard found
    declare the same dependency again: it is computed once a request.
    """

    def __init__(self, name: str, *, guard: Callable[..., Any], prefix: str = "", **kwargs: Any) -> None:
        super().__init__(prefix=prefix, dependencies=[Depends(guard)], **kwargs)
        self.name = name
        self.guard = guard


def anyone() -> None:
    """The guard of an audience that is open on purpose; its routes answer strangers."""
