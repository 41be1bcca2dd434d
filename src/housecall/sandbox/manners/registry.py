"""Whose manners the sandbox can have."""

from typing import Final

from housecall.sandbox.manner import Manner
from housecall.sandbox.manners.epic import EPIC
from housecall.sandbox.manners.generic import GENERIC
from housecall.sandbox.manners.millennium import MILLENNIUM

MANNERS: Final[dict[str, Manner]] = {one.name: one for one in (MILLENNIUM, EPIC, GENERIC)}
