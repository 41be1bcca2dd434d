"""A meeting service without a network, for tests and trials; passes the same contract as the real ones."""

from housecall.meetings.base import Capabilities, JoinDetails


class MemoryRooms:
    """Remembers who asked to join."""

    name = "memory"
    capabilities = Capabilities(can_admit=True, hides_addresses=False, most_people=4)

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def join_details(self, participant_id: str) -> JoinDetails:
        self.asked.append(participant_id)
        return JoinDetails(ice_servers=[], relay_only=False)
