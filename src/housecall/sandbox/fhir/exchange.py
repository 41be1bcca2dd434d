"""One FHIR request and its answer, away from HTTP, so that a batch can ask the same way."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from housecall.kit.ids import new_uuid
from housecall.sandbox.auth.grants import Session
from housecall.sandbox.auth.scopes import opens
from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.house import House
from housecall.sandbox.manner import Json


@dataclass(frozen=True)
class Call:
    """A request for one resource type, by somebody with a token."""

    house: House
    session: Session
    method: str
    resource_type: str
    resource_id: str | None
    query: list[tuple[str, str]]
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        """All values of a parameter, as often as it was given."""
        return [value for key, value in self.query if key == name]

    def may(self, deed: str) -> tuple[str, ...]:
        """The levels at which the token allows the deed; raises FhirRefused if at none."""
        levels = opens(self.session.scopes, self.resource_type, deed)
        if not levels:
            raise insufficient_scope()
        return levels

    def own_patient(self, deed: str) -> str | None:
        """The only patient this caller may see, or None where there is no such limit."""
        return None if set(self.may(deed)) & {"user", "system"} else self.session.patient


@dataclass(frozen=True)
class Reply:
    """An answer: a JSON object, plain text, or nothing."""

    status: int = 200
    body: Json | str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def insufficient_scope() -> FhirRefused:
    """The refusal of a token without the scope: JSON, but no OperationOutcome."""
    message = (
        'code="urn:cerner:error:oauth2:resource-access:insufficient-scopes", '
        'error="insufficient_scope", subcode="no_scope_for_resource_path"'
    )
    return FhirRefused(403, {"code": 403, "message": message})


def outcome(code: str, text: str, *, severity: str = "error", location: str | None = None) -> Json:
    """An OperationOutcome with one issue."""
    issue: Json = {"severity": severity, "code": code, "details": {"text": text}}
    if location:
        issue["location"] = [location]
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def refused(status: int, code: str, text: str) -> FhirRefused:
    """A refusal with an OperationOutcome."""
    return FhirRefused(status, outcome(code, text))


def missing() -> FhirRefused:
    """There is nothing under that id."""
    return refused(404, "not-found", "Resource not found")


def bundle(call: Call, resources: list[Json], *, next_word: str | None = None) -> Reply:
    """A searchset: without ``entry`` when it is empty, unless the vendor's last touch puts something there."""
    base, ids = f"{call.house.options.fhir_base}/{call.resource_type}", call.house.manner.ids
    links = [{"relation": "self", "url": f"{base}?{urlencode(call.query)}"}]
    if next_word:
        context = urlencode({"-pageContext": next_word, "-pageDirection": "NEXT"})
        links.append({"relation": "next", "url": f"{base}?{context}"})
    found: Json = {"resourceType": "Bundle", "id": str(new_uuid()), "type": "searchset", "link": links}
    if resources:
        found["entry"] = [
            {"fullUrl": f"{base}/{ids.outward(call.resource_type, str(each['id']))}", "resource": each}
            for each in resources
        ]
    return Reply(200, call.house.manner.dress(call, found))


def resource(body: Json) -> Reply:
    """One resource, with its version where the vendor shows one."""
    meta = body.get("meta")
    return Reply(200, body, {"ETag": f'W/"{meta["versionId"]}"'} if isinstance(meta, dict) else {})
