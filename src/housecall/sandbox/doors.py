"""What opens the EHR, kept over a restart: apps registered while it ran, tokens, where a launch leads."""

from dataclasses import dataclass, field
from typing import Final

from pydantic import TypeAdapter

from housecall.sandbox.auth.clients import Client
from housecall.sandbox.auth.grants import Held


@dataclass
class Doors:
    """What is written to disk beside the record."""

    housecall_url: str = ""
    clients: dict[str, Client] = field(default_factory=dict)
    held: Held = field(default_factory=Held)
    launch_url: str | None = None
    patient_launch_url: str | None = None

    def fitting(self, housecall_url: str) -> "Doors":
        """What of it still holds: addresses of another Housecall lead nowhere."""
        return self if self.housecall_url == housecall_url else Doors(housecall_url, held=self.held)


DOORS: Final = TypeAdapter(Doors)
