"""The root of our errors."""

from typing import ClassVar

from housecall.kit.errors import HousecallError, Kind, every_error


class Spilled(HousecallError):
    """The coffee is on the keyboard.

    This paragraph is for developers.
    """

    kind: ClassVar[Kind] = Kind.conflict
    code: ClassVar[str] = "tests.spilled"


class SpilledAgain(Spilled):
    """The other cup, too."""

    code: ClassVar[str] = "tests.spilled_again"


def test_an_error_says_the_first_line_of_its_description() -> None:
    assert Spilled().sentence == "The coffee is on the keyboard."


def test_an_error_may_say_it_more_exactly() -> None:
    assert Spilled("The tea is on the mouse.").sentence == "The tea is on the mouse."


def test_every_error_is_found_however_deep() -> None:
    assert {Spilled, SpilledAgain} <= set(every_error())
