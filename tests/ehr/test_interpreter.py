"""Whether a patient needs an interpreter, as EHRs say it."""

from datetime import UTC, datetime

import pytest

from housecall.ehr.readers import read_person
from tests.ehr.small_ehr import fixture

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
R4 = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-interpreter-needed"


def coded(code: object) -> dict[str, object]:
    return {"url": US_CORE, "valueCoding": {"system": "http://snomed.info/sct", "code": code}}


@pytest.mark.parametrize(
    ("extensions", "needs"),
    [
        ([], None),
        ([{"url": R4, "valueBoolean": True}], True),
        ([{"url": R4, "valueBoolean": False}], False),
        ([{"url": R4, "valueBoolean": "true"}], None),
        ([coded("373066001")], True),
        ([coded("373067005")], False),
        ([coded("unknown")], None),
        ([coded(None)], None),
        ([{"url": R4}, coded("373066001")], True),
        ("nonsense", None),
    ],
)
def test_interpreter_need_is_read_in_both_spellings(extensions, needs):
    record = fixture("patient_full") | {"extension": extensions}

    found = read_person(record, region="US", now=NOW)

    assert found is not None
    assert found.needs_interpreter is needs
