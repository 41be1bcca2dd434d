"""Settings: one table, defaults, and a sentence for whoever wrote a wrong one."""

import pytest

from housecall.kit.settings import SETTINGS, SettingInvalid, Settings


def test_without_anything_set_the_defaults_hold() -> None:
    settings = Settings({"PATH": "/usr/bin"})

    assert settings.port == 8000
    assert settings.public_url == "http://localhost:8000"
    assert settings.region == "americas"
    assert settings.number("HOUSECALL_FEED_EVERY_S") == 30
    assert settings.text("HOUSECALL_DATABASE_URL") == ""


def test_what_the_environment_says_holds() -> None:
    settings = Settings(
        {
            "HOUSECALL_PORT": "9001",
            "HOUSECALL_REGION": "europe",
            "HOUSECALL_TURN_URLS": "turn:a.example, turns:b.example,,",
        }
    )

    assert (settings.port, settings.public_url, settings.region) == (9001, "http://localhost:9001", "europe")
    assert settings.words("HOUSECALL_TURN_URLS") == ("turn:a.example", "turns:b.example")


def test_a_setting_left_empty_counts_as_not_set() -> None:
    assert Settings({"HOUSECALL_PORT": ""}).port == 8000


def test_the_public_address_has_no_slash_at_its_end() -> None:
    assert Settings({"HOUSECALL_PUBLIC_URL": "https://v.example/"}).public_url == "https://v.example"


def test_a_misspelt_setting_is_named() -> None:
    with pytest.raises(SettingInvalid, match="There is no setting HOUSECALL_PROT"):
        Settings({"HOUSECALL_PROT": "8000"})


@pytest.mark.parametrize("value", ["many", "0", "-1", "nan", "inf", "1e400"])
def test_a_number_that_is_none_is_named(value: str) -> None:
    with pytest.raises(SettingInvalid, match="HOUSECALL_FEED_EVERY_S must be"):
        Settings({"HOUSECALL_FEED_EVERY_S": value}).number("HOUSECALL_FEED_EVERY_S")


@pytest.mark.parametrize("value", ["nan", "80.5", "65536", "0", "web"])
def test_a_port_that_is_none_is_named(value: str) -> None:
    with pytest.raises(SettingInvalid, match="HOUSECALL_PORT must be"):
        _ = Settings({"HOUSECALL_PORT": value}).port


def test_a_region_nobody_serves_is_named() -> None:
    with pytest.raises(SettingInvalid, match="HOUSECALL_REGION must be"):
        _ = Settings({"HOUSECALL_REGION": "moon"}).region


@pytest.mark.parametrize(
    ("value", "is_on"),
    [
        ("true", True),
        ("YES", True),
        (" on ", True),
        ("1", True),
        ("false", False),
        ("0", False),
        ("maybe", False),
    ],
)
def test_a_flag_is_on_only_when_it_says_so(value: str, is_on: bool) -> None:
    assert Settings({"HOUSECALL_DEMO": value}).flag("HOUSECALL_DEMO") is is_on


def test_no_error_shows_a_secret() -> None:
    with pytest.raises(SettingInvalid) as told:
        Settings({"HOUSECALL_MASTER_KEY": "the-secret", "HOUSECALL_WRONG": "the-other-secret"})

    assert "secret" not in told.value.sentence


def test_every_setting_is_described_once() -> None:
    names = [setting.name for setting in SETTINGS]

    assert len(set(names)) == len(names)
    assert all(setting.name.startswith("HOUSECALL_") and setting.unit for setting in SETTINGS)
    assert all(setting.sentence.endswith(".") for setting in SETTINGS)
