"""Every query takes the organisation right after the unit of work; the few that cannot are named with a reason."""

import ast

from tests.shape.source import PACKAGE, functions, name_of

# Queries that find out which organisation it is, or that run for the whole deployment.
WITHOUT_ORGANISATION = {
    "tenancy/store.py": {
        "find_organisation_by_name",
        "list_organisations",
        "find_connection_anywhere",
        "get_connection_anywhere",
        "list_connections_by_base_url",
        "list_working_connections",
        "list_connections_due",
        "has_connection_of",
        "list_signing_keys",
    },
    "visits/store_guests.py": {"forget_expired_addresses"},
    "visits/store_instant.py": {"forget_expired_instants"},
    "visits/store_meetings.py": {"find_meeting_followed", "list_meetings_due"},
}


def test_every_query_takes_the_organisation() -> None:
    faults = []
    for path in sorted(PACKAGE.glob("*/store*.py")):
        allowed = WITHOUT_ORGANISATION.get(str(path.relative_to(PACKAGE)), set())
        for function in functions(path):
            if function.name.startswith("_") or function.name in allowed:
                continue
            if not takes_the_organisation(function):
                faults.append(f"{name_of(path)}:{function.name}")
    assert not faults


def takes_the_organisation(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = [argument.arg for argument in function.args.args]
    return names[:2] == ["work", "org_id"]
