"""Structured logs on standard error: constant sentences, ids as fields, a last net against leaks.

Every line is one JSON object: ``at``, ``level``, ``room``, ``event``, then the fields given in ``extra``.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime

# Join links, hand-over codes, launch codes and bearer tokens, wherever a library writes them.
_TOKENS = re.compile(
    r"(/v/|/h/|[?&](?:code|launch|state|access_token|refresh_token|id_token)=|Bearer\s+|ticket\.)[^\s\"'&<>/]+",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(?<![\w.-])\+\d{7,15}\b")
_MAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b")
_STANDARD = set(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """``text`` with tokens, numbers in international form and e-mail addresses taken out."""
    text = _TOKENS.sub(r"\1[hidden]", text)
    text = _NUMBERS.sub("[number]", text)
    return _MAIL.sub("[mail]", text)


class JsonLines(logging.Formatter):
    """One JSON object a line; exception texts are redacted, since a library may have put a URL there."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "room": record.name.removeprefix("housecall."),
            "event": redact(record.getMessage()),
        }
        for name, value in record.__dict__.items():
            if name not in _STANDARD and not name.startswith("_"):
                line[name] = redact(str(value))
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(level: str = "INFO") -> None:
    """All logs of the process go to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # httpx logs every request with its full URL; access logs hold join links.
    for noisy in ("httpx", "httpcore", "uvicorn.access", "procrastinate", "websockets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
