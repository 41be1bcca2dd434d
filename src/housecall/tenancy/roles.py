"""Which role a person has, by what their organisation's provider says of them: rules of the form ``claim = value``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from housecall.tenancy.errors import RuleInvalid
from housecall.tenancy.model import Role

Rules = Mapping[str, Sequence[str]]

# An application role of Entra ID, or a claim that any other provider fills by the same words.
DEFAULT_RULES: Final[dict[str, list[str]]] = {role.value: [f"roles = {role.value}"] for role in Role}
# The template id of Entra ID's role Global Administrator, which its tokens name in ``wids``.
# Source: Microsoft Entra built-in roles, "Global Administrator".
ENTRA_GLOBAL_ADMINISTRATOR: Final = "62e90394-69f5-4237-9190-012177145e10"
_MOST_RULES_A_ROLE: Final = 50
_LONGEST_RULE: Final = 300


def parse_rules(text: str) -> list[str]:
    """The rules of one role, one a line, without what follows a ``#``; raises RuleInvalid naming the line."""
    rules = []
    for number, line in enumerate(text.splitlines(), start=1):
        claim, equals, value = (part.strip() for part in line.split(" #")[0].partition("="))
        if not claim or claim.startswith("#"):
            continue
        if not equals or not value or len(line) > _LONGEST_RULE:
            raise RuleInvalid(f"Line {number} is not of the form: claim = value.")
        rules.append(f"{claim} = {value}")
    if len(rules) > _MOST_RULES_A_ROLE:
        raise RuleInvalid(f"A role has at most {_MOST_RULES_A_ROLE} rules; use a group of groups instead.")
    return rules


def roles_by(rules: Rules, claims: Mapping[str, Any]) -> tuple[Role, ...]:
    """The roles that the claims give, the strongest first; capitals do not count in a value."""
    return tuple(role for role in Role if any(_holds(rule, claims) for rule in rules.get(role.value, ())))


def claims_named(rules: Rules) -> set[str]:
    """The claims that any rule looks at."""
    return {rule.partition(" = ")[0] for lines in rules.values() for rule in lines}


def values_of(claims: Mapping[str, Any], name: str) -> list[str]:
    """What a claim says, as words; a name with dots may lead into an object, as in ``realm_access.roles``."""
    found: Any = claims.get(name)
    if found is None and "." in name:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    return [str(one) for one in _each(found) if isinstance(one, str | int)]


def _each(found: Any) -> Iterable[Any]:
    if found is None:
        return ()
    return found if isinstance(found, list) else (found,)


def _holds(rule: str, claims: Mapping[str, Any]) -> bool:
    name, _, value = rule.partition(" = ")
    return value.casefold() in {one.casefold() for one in values_of(claims, name)}
