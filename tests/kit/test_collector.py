"""The collector rests while told to, and only then."""

import gc

import pytest

from housecall.kit.collector import collector_at_rest


def test_it_rests_within_and_is_back_afterwards() -> None:
    with collector_at_rest():
        within = gc.isenabled()

    assert not within
    assert gc.isenabled()


def test_what_was_made_meanwhile_is_not_looked_through_afterwards() -> None:
    with collector_at_rest():
        made = [[] for _ in range(20_000)]  # type: ignore[var-annotated]

    assert not any(one is made for one in gc.get_objects())
    assert gc.get_freeze_count() > len(made)
    gc.unfreeze()


def test_it_is_back_after_a_fault_too() -> None:
    with pytest.raises(ImportError), collector_at_rest():
        raise ImportError

    assert gc.isenabled()


def test_one_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_at_rest():
            pass
        after = gc.isenabled()
    finally:
        gc.enable()

    assert not after
