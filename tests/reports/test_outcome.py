"""How a visit went, by rule."""

import itertools

import pytest

from housecall.reports.model import WORDS, Outcome, outcome
from housecall.visits.model import VisitState


@pytest.mark.parametrize(
    ("state", "began", "patient_came", "staff_came", "word"),
    [
        ("scheduled", False, False, False, "Upcoming"),
        ("open", False, False, False, "Upcoming"),
        ("open", False, False, True, "Upcoming"),
        ("open", False, True, False, "Patient waiting"),
        ("in_progress", False, True, False, "In progress"),
        ("in_progress", True, True, True, "In progress"),
        ("ended", True, True, True, "Completed"),
        ("ended", False, True, True, "Ended before the patient was seen"),
        ("ended", False, True, False, "No-show: clinician"),
        ("ended", False, False, True, "No-show: patient"),
        ("ended", False, False, False, "No-show: both"),
        ("no_show", False, True, False, "No-show: clinician"),
        ("no_show", False, False, True, "No-show: patient"),
        ("no_show", False, False, False, "No-show: both"),
        ("cancelled", False, False, False, "Cancelled"),
        ("cancelled", False, True, True, "Cancelled"),
    ],
)
def test_the_status_says_what_happened(
    state: str, began: bool, patient_came: bool, staff_came: bool, word: str
) -> None:
    found = outcome(state=state, began=began, patient_came=patient_came, staff_came=staff_came)

    assert WORDS[found] == word


CASES = list(itertools.product(VisitState, (True, False), (True, False), (True, False)))


def test_every_state_has_a_status_whoever_came() -> None:
    """ "Neither value fits" is a flaw of the report this one replaces."""
    for state, began, patient, staff in CASES:
        found = outcome(state=state, began=began, patient_came=patient, staff_came=staff)
        assert found in WORDS


def test_only_a_visit_in_which_both_sides_met_is_completed() -> None:
    completed = {
        (state, began)
        for state, began, patient, staff in CASES
        if outcome(state=state, began=began, patient_came=patient, staff_came=staff) is Outcome.completed
    }

    assert completed == {(VisitState.ended, True), (VisitState.no_show, True)}
