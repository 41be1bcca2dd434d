"""From the claims of a token to a role."""

from typing import Any

import pytest

from housecall.tenancy.errors import RuleInvalid
from housecall.tenancy.model import Role
from housecall.tenancy.roles import (
    DEFAULT_RULES,
    ENTRA_GLOBAL_ADMINISTRATOR,
    claims_named,
    parse_rules,
    roles_by,
)

RULES = {
    "administrator": ["roles = administrator", f"wids = {ENTRA_GLOBAL_ADMINISTRATOR}", "groups = it-staff"],
    "reader": ["realm_access.roles = reports"],
    "auditor": ["https://clinic.example/duty = audit"],
}


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"roles": ["administrator"]}, (Role.administrator,)),
        ({"roles": "Administrator"}, (Role.administrator,)),
        ({"wids": [ENTRA_GLOBAL_ADMINISTRATOR.upper()]}, (Role.administrator,)),
        ({"groups": ["others", "it-staff"]}, (Role.administrator,)),
        ({"realm_access": {"roles": ["reports"]}}, (Role.reader,)),
        ({"https://clinic.example/duty": "audit"}, (Role.auditor,)),
        (
            {"realm_access": {"roles": ["reports"]}, "https://clinic.example/duty": ["audit"]},
            (Role.reader, Role.auditor),
        ),
        ({"groups": ["it-staff-trainees"]}, ()),
        ({"roles": [{"name": "administrator"}], "realm_access": "reports"}, ()),
        ({}, ()),
    ],
)
def test_claims_give_the_roles_that_the_rules_say(claims: dict[str, Any], roles: tuple[Role, ...]) -> None:
    assert roles_by(RULES, claims) == roles


def test_without_rules_of_its_own_an_organisation_has_the_words_of_the_roles() -> None:
    assert roles_by(DEFAULT_RULES, {"roles": ["auditor", "reader"]}) == (Role.reader, Role.auditor)
    assert claims_named(DEFAULT_RULES) == {"roles"}


def test_rules_are_read_one_a_line_and_what_follows_a_sign_is_a_note() -> None:
    assert parse_rules("roles=administrator\n\n  # ours\ngroups =  it = staff  # the people upstairs\n") == [
        "roles = administrator",
        "groups = it = staff",
    ]


@pytest.mark.parametrize("typed", ["roles", "roles =", "roles = a\njust words", "a = " + "b" * 400])
def test_a_line_that_is_no_rule_is_named(typed: str) -> None:
    with pytest.raises(RuleInvalid, match=f"Line {len(typed.splitlines())} "):
        parse_rules(typed)
