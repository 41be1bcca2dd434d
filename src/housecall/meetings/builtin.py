"""Built-in rooms: peer to peer up to four people, with short-lived relay credentials where a relay is set."""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any, Final

from housecall.kit.clock import Clock
from housecall.meetings.base import OWN_ROOMS, Capabilities, JoinDetails
from housecall.meetings.own import OwnRooms

# Long enough for the longest visit, since a browser asks the relay again only with what it was given.
_CREDENTIAL_LIFE: Final = timedelta(hours=6)


class BuiltinRooms(OwnRooms):
    """Peer-to-peer rooms of our own; media never touches the server."""

    name = OWN_ROOMS

    def __init__(self, clock: Clock, turn_urls: tuple[str, ...] = (), turn_secret: str = "") -> None:
        self._clock = clock
        self._turn_urls = turn_urls
        self._turn_secret = turn_secret
        self.capabilities = Capabilities(can_admit=True, hides_addresses=bool(turn_urls), most_people=4)

    async def join_details(self, participant_id: str) -> JoinDetails:
        """The relay with credentials of this participant's own; nothing at all where no relay is set."""
        if not self._turn_urls:
            return JoinDetails(ice_servers=[], relay_only=False)
        return JoinDetails(ice_servers=[self._relay(participant_id)], relay_only=True)

    def _relay(self, participant_id: str) -> dict[str, Any]:
        # Source: the TURN REST scheme that coturn implements as use-auth-secret: user = expiry:name, HMAC-SHA1.
        expires = int((self._clock.now() + _CREDENTIAL_LIFE).timestamp())
        user = f"{expires}:{participant_id}"
        digest = hmac.new(self._turn_secret.encode(), user.encode(), hashlib.sha1).digest()
        return {
            "urls": list(self._turn_urls),
            "username": user,
            "credential": base64.b64encode(digest).decode(),
        }
