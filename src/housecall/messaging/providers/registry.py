"""Which provider carries what, as the settings say."""

from collections.abc import Mapping

from housecall.kit.settings import SettingInvalid, Settings
from housecall.messaging.model import Channel
from housecall.messaging.providers.base import TextProvider
from housecall.messaging.providers.gateway import GatewayProvider

# A shorter secret can be guessed by trying.
_SHORTEST_SECRET = 16


class Providers:
    """One provider a channel; a channel without one sends nothing."""

    def __init__(self, by_channel: Mapping[Channel, TextProvider]) -> None:
        self._by_channel = dict(by_channel)

    def find(self, channel: Channel) -> TextProvider | None:
        """The provider of this channel, or None."""
        return self._by_channel.get(channel)

    async def close(self) -> None:
        """Give back every provider's connections."""
        for provider in self._by_channel.values():
            await provider.close()


def providers_for(settings: Settings) -> Providers:
    """The providers these settings name; raises SettingInvalid when the gateway's secret is too short."""
    url = settings.text("HOUSECALL_SMS_GATEWAY_URL")
    if not url:
        return Providers({})
    if len(settings.text("HOUSECALL_SMS_GATEWAY_SECRET")) < _SHORTEST_SECRET:
        raise SettingInvalid("HOUSECALL_SMS_GATEWAY_SECRET must have 16 characters or more.")
    return Providers({Channel.sms: GatewayProvider(url)})
