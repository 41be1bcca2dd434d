"""Scopes are compared by what they allow."""

import pytest

from housecall.ehr.scopes import CLINICIAN_SCOPES, join_scopes, missing_scopes, parse_scope, split_scopes


@pytest.mark.parametrize(
    ("asked", "granted", "missing"),
    [
        ("user/Patient.read", "user/Patient.read", ""),
        ("user/Patient.read", "user/Patient.rs", ""),
        ("user/Patient.rs", "user/Patient.read", ""),
        ("user/Patient.read", "user/Patient.cruds", ""),
        ("user/Patient.read", "user/Patient.r user/Patient.s", ""),
        ("user/Patient.read", "user/Patient.r", "user/Patient.read"),
        ("user/Patient.read", "user/*.read", ""),
        ("user/Patient.read", "user/*.*", ""),
        ("user/Patient.read", "patient/Patient.read", "user/Patient.read"),
        ("user/Patient.write", "user/Patient.cud", ""),
        ("user/Patient.write", "user/Patient.cu", "user/Patient.write"),
        ("user/Patient.rs", "user/Patient.rs?_id=5", "user/Patient.rs"),
        ("user/Patient.rs?_id=5", "user/Patient.rs", ""),
        ("launch openid fhirUser online_access", "", ""),
    ],
)
def test_what_is_missing(asked, granted, missing):
    assert missing_scopes(split_scopes(asked), split_scopes(granted)) == split_scopes(missing)


@pytest.mark.parametrize(
    "text", ["launch/patient", "openid", "user/Patient", "user/patient.read", "user/Patient.sr", ""]
)
def test_what_is_no_resource_scope(text):
    assert parse_scope(text) is None


def test_a_set_is_written_in_one_order_with_launch_first():
    assert join_scopes(CLINICIAN_SCOPES).split()[:2] == ["launch", "openid"]
    assert join_scopes(CLINICIAN_SCOPES) == join_scopes(frozenset(sorted(CLINICIAN_SCOPES)))
