"""``/j``: the short address that is read out with a code; typed in, the code leads to the patient's own link."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import Form, Request
from starlette.responses import Response

from housecall.kit.throttle import Throttle
from housecall.visits.errors import CodeWrong, LinkLost
from housecall.visits.spoken import Spoken, use_code
from housecall.web.answers import go_to
from housecall.web.audience import Audience, anyone
from housecall.web.house import House, house_of
from housecall.web.origin import refuse_foreign
from housecall.web.patient import frame_of_nobody, language_of, page, remember_language

routes = Audience("read-out code", guard=anyone, include_in_schema=False)

# Wrong codes only. One household mistypes a few times; a machine that guesses is stopped by either.
_EACH: Final = Throttle(10, timedelta(minutes=10))
_ALL: Final = Throttle(200, timedelta(minutes=1))
_EVERYBODY: Final = "all"


@routes.get("/j")
async def ask_for_code(request: Request) -> Response:
    """The page with one field."""
    return _form(request)


@routes.post("/j")
async def take_code(request: Request, code: Annotated[str, Form(max_length=40)] = "") -> Response:
    """On to the link; a wrong code says so, and what was typed stays."""
    house = house_of(request)
    refuse_foreign(request, house.public_url)
    now, who = house.clock.now(), request.client.host if request.client else ""
    if not (_EACH.allows(who, now) and _ALL.allows(_EVERYBODY, now)):
        return _form(request, code, "slow", status=429)
    try:
        async with house.database.work() as work:
            address = await use_code(house.desk, work, code)
    except (CodeWrong, LinkLost):
        _EACH.count(who, now)
        _ALL.count(_EVERYBODY, now)
        return _form(request, code, "wrong", status=404)
    return go_to(address, is_secret=True)


def shown(house: House, spoken: Spoken) -> dict[str, str]:
    """The code as staff see it: where it is typed in, what, and until when."""
    address = f"{house.public_url.split('://', 1)[1]}/j"
    return {"address": address, "code": spoken.code, "until": spoken.expires_at.isoformat()}


def _form(request: Request, typed: str = "", fault: str = "", *, status: int = 200) -> Response:
    language = language_of(request, None)
    values = frame_of_nobody() | {"typed": typed, "fault": fault}
    answer = page(request, "code", language, values, status=status)
    remember_language(request, answer)
    return answer
