"""Pages of a search: opaque links, and the habit of showing an entry again on the next page."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from housecall.kit.ids import new_token

_KEEPS: Final = 2000


@dataclass(frozen=True)
class Place:
    """Where a search stopped: ids still to show, and for whom the link was made."""

    ids: tuple[str, ...]
    shown_last: tuple[str, str]  # id and version of the last entry of the page before
    size: int
    client_id: str


@dataclass
class Pages:
    """The places behind page links given out lately."""

    places: OrderedDict[str, Place] = field(default_factory=OrderedDict)

    def mark(self, place: Place) -> str:
        """An opaque word that leads back to the place."""
        word = new_token()
        self.places[word] = place
        while len(self.places) > _KEEPS:
            self.places.popitem(last=False)
        return word

    def find(self, word: str) -> Place | None:
        """The place behind a link, if the link is still known."""
        return self.places.get(word)
