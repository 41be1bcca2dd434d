"""Logs: one JSON object a line, and a last net against names, numbers and tokens."""

import json
import logging
import sys

import pytest

from housecall.kit.log import JsonLines, redact


def line_of(text: str, **more: object) -> dict[str, object]:
    """What one log call writes."""
    record = logging.LogRecord("housecall.messaging.outbox", logging.WARNING, __file__, 1, text, (), None)
    record.__dict__.update(more)
    written: dict[str, object] = json.loads(JsonLines().format(record))
    return written


def test_a_line_says_when_where_and_what() -> None:
    line = line_of("Recipients could not be read.", code="ehr.unavailable", count=3)

    assert line["level"] == "warning"
    assert line["room"] == "messaging.outbox"
    assert line["event"] == "Recipients could not be read."
    assert (line["code"], line["count"]) == ("ehr.unavailable", "3")
    assert str(line["at"]).endswith("+00:00")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GET /v/Ab3-_x9 200", "GET /v/[hidden] 200"),
        ("https://a.example/h/q1w2e3?x=1", "https://a.example/h/[hidden]"),
        ("/ehr/callback?code=abc&state=def", "/ehr/callback?code=[hidden]&state=[hidden]"),
        ("/ehr/launch?iss=https://e.example&launch=xyz", "/ehr/launch?iss=https://e.example&launch=[hidden]"),
        ("Authorization: Bearer eyJhbGciOi.J9", "Authorization: Bearer [hidden]"),
        ("refresh failed: ?refresh_token=r1", "refresh failed: ?refresh_token=[hidden]"),
        ("sent to +13125550110.", "sent to [number]."),
        ("tel:+4512345678", "tel:[number]"),
        ("mail to dorothy.o'hara@mail.example", "mail to dorothy.o'[mail]"),
        ("housecall.v1, ticket.q1w2e3", "housecall.v1, ticket.[hidden]"),
    ],
)
def test_tokens_numbers_and_addresses_are_taken_out(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.parametrize("text", ["took +12 ms", "/api/v1/visits", "v_7k3m9xq2", "2026-11-24T15:00:00+00:00"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_fields_are_swept_as_well() -> None:
    line = line_of("A request failed.", url="/v/secret", to="+13125550110")

    assert (line["url"], line["to"]) == ("/v/[hidden]", "[number]")


def test_what_a_library_put_into_an_exception_is_swept_as_well() -> None:
    try:
        raise RuntimeError("could not post to https://g.example/v/secret for +13125550110")
    except RuntimeError:
        line = line_of("A round failed.", exc_info=sys.exc_info())

    assert "secret" not in str(line["trace"])
    assert "3125550110" not in str(line["trace"])
    assert "RuntimeError" in str(line["trace"])
