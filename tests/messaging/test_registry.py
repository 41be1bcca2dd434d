"""Which provider carries what, as the settings say."""

import pytest

from housecall.kit.settings import SettingInvalid, Settings
from housecall.messaging.model import Channel
from housecall.messaging.providers.gateway import GatewayProvider
from housecall.messaging.providers.registry import providers_for

URL = "https://gateway.test/texts"


async def test_with_a_gateway_set_texts_go_through_it() -> None:
    settings = {"HOUSECALL_SMS_GATEWAY_URL": URL, "HOUSECALL_SMS_GATEWAY_SECRET": "sixteen-or-more!"}

    providers = providers_for(Settings(settings))

    assert isinstance(providers.find(Channel.sms), GatewayProvider)
    assert providers.find(Channel.email) is None
    await providers.close()


def test_without_a_gateway_nothing_carries_texts() -> None:
    assert providers_for(Settings({})).find(Channel.sms) is None


@pytest.mark.parametrize("secret", ["", "fifteen-letters"])
def test_a_gateway_with_a_secret_that_can_be_guessed_is_refused(secret: str) -> None:
    settings = {"HOUSECALL_SMS_GATEWAY_URL": URL, "HOUSECALL_SMS_GATEWAY_SECRET": secret}

    with pytest.raises(SettingInvalid, match="HOUSECALL_SMS_GATEWAY_SECRET must have 16 characters"):
        providers_for(Settings(settings))
