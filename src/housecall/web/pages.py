"""Pages: one Jinja environment, the catalogue of texts, built assets, and the headers every page carries."""

import json
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from housecall.kit.languages import (
    LANGUAGES,
    added_texts,
    direction,
    is_shipped,
    laid_over,
    without_second_stop,
)

_HERE = Path(__file__).parent
STATIC: Final = _HERE / "static"

_environment = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class CatalogueGap(KeyError):
    """A text is missing from the catalogue."""


# Sections that hold, for readers in other roles, the texts that are to be said otherwise.
_SAID_OTHERWISE: Final = {"interpreter": ("guest", "interpreter"), "family": ("guest",)}


@lru_cache
def catalogue(language: str, role: str = "patient", fallback: str = "en") -> dict[str, Any]:
    """All texts of one language as that role reads them, nested; English for a language without a file.

    What an added language does not say is said in the clinic's own, ``fallback``.
    """
    loaded = _texts(language, fallback)
    for section in _SAID_OTHERWISE.get(role, ()):
        _say_otherwise(loaded, loaded[section])
    return loaded


def _texts(language: str, fallback: str) -> dict[str, Any]:
    if language in LANGUAGES and not is_shipped(language):
        beneath = _texts("en" if fallback == language else fallback, "en")
        return laid_over(beneath, added_texts(language, "pages"))
    path = _HERE / "catalogue" / f"{language if is_shipped(language) else 'en'}.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _say_otherwise(texts: dict[str, Any], others: dict[str, Any]) -> None:
    for name, other in others.items():
        if isinstance(other, dict):
            _say_otherwise(texts[name], other)
        else:
            texts[name] = other


def text_of(language: str, key: str, role: str = "patient", *, beneath: str = "en", **values: object) -> str:
    """The text under a dotted key, placeholders filled; raises CatalogueGap when there is none.

    ``beneath`` is the clinic's language, for what an added one does not say.
    """
    node: Any = catalogue(language, role, beneath)
    for part in key.split("."):
        if not isinstance(node, dict) or part not in node:
            raise CatalogueGap(f"{language}: {key}")
        node = node[part]
    text = without_second_stop(str(node), values)
    return text.format_map({name: str(value) for name, value in values.items()})


def asset(source: str) -> str:
    """The address of a built file, by the name of its source in ``client/``; raises when it was not built."""
    entry = _manifest()[source]
    return f"/static/build/{entry['file']}"


def stylesheets(source: str) -> list[str]:
    """The style sheets that a built script brings along, imported chunks' included."""
    manifest, found, todo = _manifest(), [], [source]
    seen: set[str] = set()
    while todo:
        name = todo.pop(0)
        if name in seen:
            continue
        seen.add(name)
        entry = manifest[name]
        found += [f"/static/build/{sheet}" for sheet in entry.get("css", [])]
        todo += entry.get("imports", [])
    return list(dict.fromkeys(found))


def preloads(source: str) -> list[str]:
    """The chunks that a built script imports, for ``modulepreload``."""
    manifest = _manifest()
    return [f"/static/build/{manifest[name]['file']}" for name in manifest[source].get("imports", [])]


@lru_cache
def _manifest() -> dict[str, dict[str, Any]]:
    path = STATIC / "build" / ".vite" / "manifest.json"
    loaded: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def as_json_block(value: object) -> Markup:
    """JSON that is safe inside a script element."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    for sign, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, escape)
    return Markup(text)  # noqa: S704


def render(
    request: Request,
    template: str,
    *,
    language: str = "en",
    role: str = "patient",
    fallback: str = "en",
    status: int = 200,
    frame_ancestors: str = "'none'",
    form_action: str = "'self'",
    referrer: str = "no-referrer",
    **values: Any,
) -> HTMLResponse:
    """A whole page, never cached, with a content security policy that allows our own files only."""
    nonce = secrets.token_urlsafe(12)
    html = _environment.get_template(template).render(
        request=request,
        language=language,
        direction=direction(language),
        nonce=nonce,
        t=lambda key, **fill: text_of(language, key, role, beneath=fallback, **fill),
        asset=asset,
        stylesheets=stylesheets,
        preloads=preloads,
        json_block=as_json_block,
        languages=LANGUAGES,
        **values,
    )
    headers = page_headers(nonce, frame_ancestors, form_action) | {"Referrer-Policy": referrer}
    return HTMLResponse(html, status_code=status, headers=headers)


def page_headers(nonce: str, frame_ancestors: str, form_action: str) -> dict[str, str]:
    """The headers of a page; ``frame-ancestors`` is closed unless a connection opens it, and not
    there at all where the page itself looks at who frames it."""
    policy = [
        "default-src 'none'",
        f"script-src 'self' 'nonce-{nonce}'",
        f"style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob: mediastream:",
        "connect-src 'self'",
        "font-src 'self'",
        "worker-src 'self' blob:",
        f"form-action {form_action}",
        "base-uri 'none'",
    ]
    if frame_ancestors:
        policy.append(f"frame-ancestors {frame_ancestors}")
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
        "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
