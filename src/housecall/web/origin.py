"""Whether a request comes from our own pages: another site may have a browser send one with its owner's cookie."""

from typing import ClassVar, Final

from starlette.requests import Request

from housecall.kit.errors import HousecallError, Kind

_CHANGES_NOTHING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestForeign(HousecallError):
    """This request did not come from our own page."""

    kind: ClassVar[Kind] = Kind.forbidden
    code: ClassVar[str] = "web.request_foreign"


def refuse_foreign(request: Request, public_url: str) -> None:
    """An act comes from a page of ours, as the browser says; raises RequestForeign.

    ``Origin`` decides where there is one. Where a page's policy empties it (``null``) or a browser leaves it out,
    ``Sec-Fetch-Site`` does. Neither can be set by a page's script; a request with neither is refused.

    Source: Fetch Standard, "append a request Origin header"; W3C Fetch Metadata.
    """
    if request.method in _CHANGES_NOTHING:
        return
    origin = request.headers.get("origin", "null")
    if origin == "null":
        is_own = request.headers.get("sec-fetch-site") == "same-origin"
    else:
        is_own = origin == public_url
    if not is_own:
        raise RequestForeign
