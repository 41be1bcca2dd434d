"""Documents written to the chart, and read back from it."""

import base64
import binascii
import json
from typing import Final
from xml.parsers import expat

from housecall.sandbox.errors import FhirRefused
from housecall.sandbox.fhir.coding import instant
from housecall.sandbox.fhir.exchange import Call, Reply, bundle, missing, refused, resource
from housecall.sandbox.manner import Json
from housecall.sandbox.world import Note

_MEDIA: Final = (
    "application/pdf", "text/plain;charset=utf-8", "text/richtext;charset=utf-8", "text/rtf;charset=utf-8",
    "text/html;charset=utf-8", "application/xml;charset=utf-8", "application/xhtml+xml;charset=utf-8",
)  # fmt: skip


def create(call: Call) -> Reply:
    """The document is in the chart: 201 with where it is, and nothing else."""
    own = call.own_patient("c")
    try:
        body = json.loads(call.body)
    except ValueError:
        raise FhirRefused(400, "The body is not JSON") from None
    if not isinstance(body, dict) or body.get("resourceType") != "DocumentReference":
        raise FhirRefused(400, "The body is not a DocumentReference")
    note = _read_note(call, body)
    if own and note.patient != own:
        raise _rule("The subject is not the patient in context")
    call.house.world.record.notes[note.id] = note
    call.house.world.touch()
    where = f"{call.house.options.fhir_base}/DocumentReference/{note.id}"
    return Reply(201, None, {"Location": where, "ETag": 'W/"1"'})


def read(call: Call) -> Reply:
    """One document."""
    own = call.own_patient("r")
    note = call.house.world.record.notes.get(call.resource_id or "")
    if note is None or (own and note.patient != own):
        raise missing()
    return resource(note.resource)


def search(call: Call) -> Reply:
    """A patient's documents."""
    own = call.own_patient("s")
    patients = call.values("patient")
    if len(patients) != 1:
        raise FhirRefused(400, "The parameter patient must be provided")
    wanted = patients[0].rpartition("/")[2]
    notes = [each for each in call.house.world.record.notes.values() if each.patient == wanted]
    return bundle(call, [each.resource for each in notes if not own or each.patient == own])


def _rule(text: str) -> FhirRefused:
    return refused(422, "business-rule", text)


def _read_note(call: Call, body: Json) -> Note:
    if body.get("status") != "current" or body.get("docStatus") not in _statuses(call):
        raise _rule("status must be current, docStatus final")
    patient = _reference(body.get("subject"), "Patient")
    if patient not in call.house.world.record.patients:
        raise _rule("The subject must be a patient")
    author = _check_author(call, body)
    _check_type(body)
    media, text, title = _content(body)
    encounter = _check_context(call, body, patient)
    now, note_id = call.house.clock.now(), call.house.world.new_id()
    kept = body | {"id": note_id, "meta": {"versionId": "1", "lastUpdated": instant(now)}}
    return Note(note_id, patient, author, encounter, title, media, text, now, kept)


def _statuses(call: Call) -> tuple[str, ...]:
    return ("final", "amended") if call.session.persona == "system" else ("final",)


def _reference(value: object, kind: str) -> str:
    reference = value.get("reference") if isinstance(value, dict) else None
    if not isinstance(reference, str) or f"{kind}/" not in reference:
        return ""
    return reference.rpartition("/")[2]


def _check_author(call: Call, body: Json) -> str | None:
    authors = body.get("author")
    author = _reference(authors[0], "Practitioner") if isinstance(authors, list) and len(authors) == 1 else ""
    if call.session.persona == "system":
        return author or None
    if author != call.session.user:
        raise _rule("The author must be the signed-in practitioner")
    if "authenticator" in body:
        raise _rule("Only a system may name an authenticator")
    return author


def _check_type(body: Json) -> None:
    kind = body.get("type")
    coding = kind.get("coding") if isinstance(kind, dict) else None
    if not isinstance(coding, list) or not coding:
        raise _rule("type needs a code")
    systems = {each.get("system") == "http://loinc.org" for each in coding if isinstance(each, dict)}
    if len(systems) != 1 or (False in systems and len(coding) > 1):
        raise _rule("type is either LOINC codes or one code of the site")


def _content(body: Json) -> tuple[str, str, str]:
    content = body.get("content")
    if not isinstance(content, list) or len(content) != 1 or not isinstance(content[0], dict):
        raise _rule("Exactly one content is needed")
    attachment = content[0].get("attachment")
    if not isinstance(attachment, dict) or not isinstance(attachment.get("data"), str):
        raise _rule("content needs data")
    media = str(attachment.get("contentType")).replace(" ", "").lower()
    if media not in _MEDIA:
        raise _rule("contentType is not supported")
    try:
        data = base64.b64decode(attachment["data"], validate=True)
        text = "" if media == "application/pdf" else data.decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _rule("data is not base64 of the content") from None
    if "html" in media:
        _check_markup(text)
    return media, text, str(attachment.get("title") or "Document")


def _check_markup(text: str) -> None:
    """HTML is taken as XHTML only, and without pictures from elsewhere."""
    parser = expat.ParserCreate()
    elements: list[str] = []
    parser.StartElementHandler = lambda name, attributes: elements.append(name.lower())
    try:
        parser.Parse(text, True)
    except expat.ExpatError:
        raise _rule("HTML must be well-formed XHTML") from None
    if "img" in elements:
        raise _rule("Links to images are not supported")


def _check_context(call: Call, body: Json, patient: str) -> str:
    context = body.get("context")
    if not isinstance(context, dict):
        raise _rule("context is needed")
    period, encounters = context.get("period"), context.get("encounter")
    end = period.get("end") if isinstance(period, dict) else None
    if not isinstance(end, str) or "T" not in end:
        raise _rule("context.period.end is needed, with time")
    if not isinstance(encounters, list) or len(encounters) != 1:
        raise _rule("Exactly one context.encounter is needed")
    encounter = _reference(encounters[0], "Encounter")
    own = [each.encounter for each in call.house.world.list_of_patient(patient)]
    if encounter not in own:
        raise _rule("The encounter is not one of the patient's")
    return encounter
