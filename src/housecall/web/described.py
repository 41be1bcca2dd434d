"""What the machine interface says of itself: who may ask, and every error in the form in which it is answered."""

from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel

from housecall.web.portal_guards import SESSION_COOKIE

_SAID: Final = {
    400: "Something in the request is missing or has the wrong form.",
    401: "Nobody is signed in.",
    403: "The request comes from another site, or this needs another role.",
    404: "There is nothing at this address.",
    409: "Things stand differently by now.",
}

Answers = dict[int | str, dict[str, Any]]


class Fault(BaseModel):
    """What went wrong: a code for programs, which never changes, and a sentence for people."""

    code: str
    sentence: str


def faults(*statuses: int) -> Answers:
    """The errors a route answers with, for its description."""
    return {status: {"model": Fault, "description": _SAID[status]} for status in statuses}


class DescribedApp(FastAPI):
    """An application whose OpenAPI says how it answers: FastAPI's own 422 is not among our answers."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _as_answered(super().openapi())
        return self.openapi_schema


def _as_answered(schema: dict[str, Any]) -> dict[str, Any]:
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    parts = schema.setdefault("components", {})
    for name in ("HTTPValidationError", "ValidationError"):
        parts.get("schemas", {}).pop(name, None)
    parts["securitySchemes"] = {"session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE}}
    schema["security"] = [{"session": []}]
    return schema
