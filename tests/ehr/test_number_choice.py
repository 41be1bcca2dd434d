"""Whatever a patient's record holds: a number that is chosen is one that may be texted."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from housecall.ehr.readers import read_person
from housecall.ehr.telecom import international, sms_reach

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
periods = st.sampled_from(
    [None, {}, {"end": "2020-01-01"}, {"end": "2027-01-01"}, {"start": "2027-01-01"}, {"start": "2020-01-01"}]
)
phones = st.fixed_dictionaries(
    {
        "system": st.sampled_from(["phone", "sms", "email", "fax", None]),
        "value": st.sampled_from(["8165550101", "8165550102", "+45 32 12 34 56", "12", "", "ask", None]),
        "use": st.sampled_from(["mobile", "home", "work", "temp", "old", None]),
        "rank": st.sampled_from([None, 1, 2, "1", "9", "first"]),
        "period": periods,
    }
)


@settings(max_examples=300, deadline=None)
@given(st.lists(phones | anything, max_size=6))
def test_a_chosen_number_is_a_mobile_one_in_force_and_the_same_in_whatever_order(telecom: list[Any]) -> None:
    patient = {"resourceType": "Patient", "id": "1", "telecom": telecom}

    reach = sms_reach(patient, region="US", now=NOW, barred=None)

    assert (reach.address is None) != (reach.refusal is None)
    if reach.address is None:
        return
    # ``sms`` is a system that only mobile phones have, whatever is said of the use.
    known = [one for one in telecom if isinstance(one, dict) and one.get("use") not in ("old", "temp")]
    mobiles = [one for one in known if one.get("use") == "mobile" or one.get("system") == "sms"]
    fitting = [
        one
        for one in mobiles
        if isinstance(one.get("value"), str)
        and international(one["value"], "US") == reach.address
        and one.get("period") not in ({"end": "2020-01-01"}, {"start": "2027-01-01"})
    ]
    assert fitting, "neither mobile nor in force"


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["telecom", "communication", "extension", "name", "link", "birthDate"]), anything
    )
)
def test_no_record_of_a_patient_breaks_the_reader(fields: dict[str, Any]) -> None:
    found = read_person({"resourceType": "Patient", "id": "1", **fields}, region="US", now=NOW)

    assert found is not None
    assert found.ref == "1"
