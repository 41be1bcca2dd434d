"""The states of a message are a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housecall.messaging.errors import IllegalMessageMove
from housecall.messaging.model import MOVES, MessageState, move

RECEIPTS = st.sampled_from(["accept", "deliver", "fail"])


@pytest.mark.parametrize(
    ("state", "verb", "after"),
    [
        ("planned", "queue", "queued"),
        ("planned", "suppress", "suppressed"),
        ("suppressed", "plan", "planned"),
        ("queued", "accept", "accepted"),
        ("queued", "fail", "failed"),
        ("queued", "suppress", "suppressed"),
        ("queued", "release", "planned"),
        ("queued", "hold", "planned"),
        ("queued", "lose_sight", "unknown"),
        ("queued", "deliver", "delivered"),
        ("unknown", "accept", "accepted"),
        ("unknown", "queue", "queued"),
        ("unknown", "fail", "failed"),
        ("unknown", "deliver", "delivered"),
        ("accepted", "deliver", "delivered"),
        ("accepted", "fail", "failed"),
        ("failed", "deliver", "delivered"),
    ],
)
def test_a_message_moves_as_the_design_draws_it(state: str, verb: str, after: str) -> None:
    assert move(MessageState(state), verb) is MessageState(after)


def test_there_are_no_other_moves() -> None:
    """The table above is whole: a new move needs a line there."""
    assert len(MOVES) == 17


def test_an_illegal_move_names_the_state_and_the_verb() -> None:
    with pytest.raises(IllegalMessageMove, match="delivered cannot lose sight"):
        move(MessageState.delivered, "lose_sight")


@pytest.mark.parametrize("state", list(MessageState))
def test_what_was_never_claimed_or_was_held_back_cannot_be_accepted(state: MessageState) -> None:
    claimed = {MessageState.queued, MessageState.unknown}

    assert ((state, "accept") in MOVES) == (state in claimed)


@given(st.permutations(["accept", "deliver"]), st.lists(RECEIPTS, max_size=6), st.randoms())
def test_delivered_is_the_end_whatever_the_order_of_receipts(
    told: list[str], more: list[str], chance: object
) -> None:
    receipts = [*told, *more]
    chance.shuffle(receipts)  # type: ignore[attr-defined]

    state = MessageState.queued
    for verb in receipts:
        state = MOVES.get((state, verb), state)

    assert state is MessageState.delivered
