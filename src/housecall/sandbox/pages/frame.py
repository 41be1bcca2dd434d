"""How a page is made: the template, what every page needs, and parts that renew themselves."""

import hashlib
import re
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from housecall.sandbox.house import house_of
from housecall.sandbox.options import CLINIC_NAME, CLINIC_ZONE

_LINK: Final = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")


def _clock_time(moment: datetime) -> str:
    return moment.astimezone(CLINIC_ZONE).strftime("%I:%M %p").lstrip("0")


def _short_day(moment: datetime) -> str:
    return moment.astimezone(CLINIC_ZONE).strftime("%a, %b %d").replace(" 0", " ")


def _long_day(moment: datetime) -> str:
    return moment.astimezone(CLINIC_ZONE).strftime("%A, %B %d").replace(" 0", " ")


def _month(moment: datetime) -> str:
    return moment.astimezone(CLINIC_ZONE).strftime("%b")


def _day_number(moment: datetime) -> int:
    return moment.astimezone(CLINIC_ZONE).day


def _day(moment: datetime) -> str:
    return moment.astimezone(CLINIC_ZONE).strftime("%a %b %d, %Y").replace(" 0", " ")


def _field_time(moment: datetime) -> str:
    return moment.astimezone(CLINIC_ZONE).strftime("%Y-%m-%dT%H:%M")


def _telephone(number: str | None) -> str:
    """A North American number with its usual gaps; any other as it is."""
    if number and re.fullmatch(r"\+1\d{10}", number):
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number or ""


def _with_links(text: str, mark: str) -> Markup:
    """The text with every address in it tappable; ``mark`` names the links for programs."""
    parts, end = [], 0
    for match in _LINK.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(
            Markup('<a data-testid="{}" href="{}" target="_blank" rel="noopener">{}</a>').format(
                mark, match[0], match[0]
            )
        )
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= {
    "clock_time": _clock_time,
    "day": _day,
    "day_number": _day_number,
    "long_day": _long_day,
    "month": _month,
    "short_day": _short_day,
    "field_time": _field_time,
    "telephone": _telephone,
    "with_links": _with_links,
}


def render(template: str, **context: object) -> str:
    """The template as text."""
    return _TEMPLATES.get_template(template).render(clinic=CLINIC_NAME, **context)


def page(request: Request, template: str, **context: object) -> Response:
    """A whole page."""
    path = request.url.path
    house = house_of(request)
    return HTMLResponse(render(template, path=path, housecall=house.options.housecall_url, **context))


def own_address(request: Request) -> str:
    """Where the page is, for a form in it to lead back to: the page itself, not its live part."""
    query = request.url.include_query_params().remove_query_params("part").query
    return request.url.path + (f"?{query}" if query else "")


def live_page(request: Request, template: str, part: str, **context: object) -> Response:
    """A page with one part that renews itself: with ``?part=1`` only that part, 304 while it is the same."""
    inner = render(part, **context)
    mark = '"' + hashlib.sha256(inner.encode()).hexdigest()[:16] + '"'
    if "part" not in request.query_params:
        return page(request, template, inner=Markup(inner), mark=mark, **context)  # noqa: S704 - rendered above
    if request.headers.get("if-none-match") == mark:
        return Response(status_code=304, headers={"ETag": mark})
    return HTMLResponse(inner, headers={"ETag": mark, "Cache-Control": "no-store"})


def same_site_path(path: str | None, otherwise: str) -> str:
    """Where a form leads back to: a path of this site, never another site."""
    return path if path and re.match(r"/(?![/\\])", path) else otherwise
