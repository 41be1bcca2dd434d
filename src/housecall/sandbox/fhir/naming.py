"""Ids at the border of the FHIR server: every one goes out, and comes in, as the vendor writes it."""

from typing import Final

from housecall.sandbox.manner import Ids, Json

_POINTS_TO: Final = {
    "patient": "Patient",
    "subject": "Patient",
    "practitioner": "Practitioner",
    "location": "Location",
}


def inward_words(ids: Ids, resource_type: str, name: str, value: str) -> str:
    """A search parameter's value with the hospital's own ids in it."""
    kind = resource_type if name == "_id" else _POINTS_TO.get(name)
    if kind is None:
        return value
    words = [word.rpartition("/")[2] for word in value.split(",")]
    return ",".join(word and (ids.inward(kind, word) or "unknown") for word in words)


def outward_body(ids: Ids, body: Json) -> Json:
    """A resource or bundle with the vendor's ids in it, references included."""
    dressed = {name: _outward(ids, value) for name, value in body.items()}
    kind, ref = body.get("resourceType"), body.get("id")
    if isinstance(kind, str) and isinstance(ref, str) and kind != "Bundle":
        dressed["id"] = ids.outward(kind, ref)
    reference = body.get("reference")
    if isinstance(reference, str) and reference.count("/") == 1:
        kind, _, ref = reference.partition("/")
        dressed["reference"] = f"{kind}/{ids.outward(kind, ref)}"
    return dressed


def _outward(ids: Ids, value: object) -> object:
    if isinstance(value, dict):
        return outward_body(ids, value)
    return [_outward(ids, each) for each in value] if isinstance(value, list) else value
