"""Every move that is allowed, and every other one refused."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from housecall.visits.errors import IllegalParticipantMove, IllegalVisitMove
from housecall.visits.model import (
    PARTICIPANT_MOVES,
    VISIT_MOVES,
    LobbyWord,
    ParticipantState,
    VisitState,
    diagram,
    lobby_word,
    move_participant,
    move_visit,
    window_of,
)

# Written out a second time, so that a slip in the tables shows.
VISIT = """
scheduled open open            scheduled cancel cancelled     scheduled miss no_show
open begin in_progress         open end ended                 open cancel cancelled     open miss no_show
in_progress end ended          no_show open open
"""
PARTICIPANT = """
invited open opened            invited enter connected        opened check checking     opened leave left
checking wait waiting          checking leave left            waiting admit admitted
waiting decline declined
waiting leave left             admitted join connected        admitted send_back waiting
admitted leave left            connected lose reconnecting    connected hold held
connected send_back waiting    connected leave left           held resume connected     held leave left
reconnecting return connected  reconnecting leave left        declined wait waiting
left come_back opened          left enter connected           left invite invited
declined invite invited          opened rest invited             checking rest invited
"""


def moves(text: str) -> dict[tuple[str, str], str]:
    words = text.split()
    return {(words[at], words[at + 1]): words[at + 2] for at in range(0, len(words), 3)}


VISIT_VERBS = sorted({verb for _, verb in VISIT_MOVES})
PARTICIPANT_VERBS = sorted({verb for _, verb in PARTICIPANT_MOVES})


@pytest.mark.parametrize(("state", "verb"), list(product(VisitState, VISIT_VERBS)))
def test_a_visit_moves_only_as_drawn(state: VisitState, verb: str) -> None:
    expected = moves(VISIT).get((state.value, verb))

    if expected is not None:
        assert move_visit(state, verb) == expected
    else:
        with pytest.raises(IllegalVisitMove):
            move_visit(state, verb)


@pytest.mark.parametrize(("state", "verb"), list(product(ParticipantState, PARTICIPANT_VERBS)))
def test_a_person_moves_only_as_drawn(state: ParticipantState, verb: str) -> None:
    expected = moves(PARTICIPANT).get((state.value, verb))

    if expected is not None:
        assert move_participant(state, verb) == expected
    else:
        with pytest.raises(IllegalParticipantMove):
            move_participant(state, verb)


def test_an_illegal_move_names_state_and_verb() -> None:
    with pytest.raises(IllegalParticipantMove) as refused:
        move_participant("waiting", "send_back")

    assert refused.value.sentence == "A person who is waiting cannot send back."


def test_the_diagram_shows_every_move() -> None:
    drawn = diagram(VISIT_MOVES)

    assert drawn.startswith("stateDiagram-v2\n")
    assert "    open --> in_progress: begin\n" in drawn
    assert len(drawn.splitlines()) == len(VISIT_MOVES) + 1


START = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
WINDOW = window_of(START, START + timedelta(minutes=15), lobby_opens_min=30, window_closes_min=120)


def test_the_window_is_open_from_its_first_to_its_last_instant() -> None:
    assert START - timedelta(minutes=30) == WINDOW.opens_at
    assert START + timedelta(minutes=135) == WINDOW.closes_at
    assert not WINDOW.is_early(WINDOW.opens_at)
    assert not WINDOW.is_past(WINDOW.closes_at)


@pytest.mark.parametrize(
    ("minutes", "visit", "participant", "revoked", "word"),
    [
        (-31, "scheduled", "checking", None, LobbyWord.early),
        (-31, "scheduled", "left", None, LobbyWord.early),
        (-31, "in_progress", "checking", None, None),
        (-30, "scheduled", "checking", None, None),
        (0, "open", "waiting", None, LobbyWord.waiting),
        (0, "in_progress", "held", None, LobbyWord.held),
        (0, "open", "declined", None, LobbyWord.declined),
        (0, "in_progress", "connected", None, None),
        (0, "in_progress", "left", None, None),
        (0, "cancelled", "left", None, LobbyWord.cancelled),
        (0, "scheduled", "invited", "cancelled", LobbyWord.cancelled),
        (0, "scheduled", "invited", "moved", LobbyWord.moved),
        (0, "ended", "left", None, LobbyWord.over),
        (135, "open", "waiting", None, LobbyWord.waiting),
        (136, "open", "waiting", None, LobbyWord.over),
        (136, "in_progress", "connected", None, None),
        (30, "no_show", "opened", None, None),
    ],
)
def test_the_lobby_says_where_things_stand(
    minutes: int, visit: str, participant: str, revoked: str | None, word: LobbyWord | None
) -> None:
    now = START + timedelta(minutes=minutes)

    said = lobby_word(visit=visit, participant=participant, revoked_because=revoked, window=WINDOW, now=now)

    assert said == word
