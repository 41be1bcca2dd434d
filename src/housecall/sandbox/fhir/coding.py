"""Codes as Millennium writes them: its own code set first, the standard's beside it."""

from datetime import datetime
from html import escape

from housecall.sandbox.options import TENANT

EXTENSIONS = "https://fhir-ehr.cerner.com/r4/StructureDefinition"


def code_set(number: int) -> str:
    """The address of one of the tenant's own code sets."""
    return f"https://fhir.cerner.com/{TENANT}/codeSet/{number}"


def concept(
    number: int, code: str, display: str, standard: tuple[str, str, str] | None = None
) -> dict[str, object]:
    """A concept with the proprietary coding and, if given, (system, code, display) of the standard."""
    coding: list[dict[str, object]] = [
        {"system": code_set(number), "code": code, "display": display, "userSelected": True}
    ]
    if standard:
        system, standard_code, standard_display = standard
        coding.append(
            {"system": system, "code": standard_code, "display": standard_display, "userSelected": False}
        )
    return {"coding": coding, "text": display}


def instant(moment: datetime, *, millis: bool = True) -> str:
    """A time in UTC; records differ in whether they write milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z" if millis else "%Y-%m-%dT%H:%M:%SZ")


def narrative(title: str, *lines: tuple[str, str]) -> dict[str, str]:
    """The generated text of a resource."""
    paragraphs = "".join(f"<p><b>{name}</b>: {escape(value)}</p>" for name, value in lines)
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p><b>{title}</b></p>{paragraphs}</div>'
    return {"status": "generated", "div": div}
