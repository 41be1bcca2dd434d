"""``housecall settings wording``: one message in an organisation's words; without words given, prints what stands."""

import argparse
from typing import Any

from housecall.commands.acting import OPERATOR, add_act
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.kit.languages import LANGUAGES
from housecall.messaging.editing import EDITABLE, find_which, read_stand, reset_template, save_template
from housecall.messaging.model import Channel
from housecall.messaging.templates import Wording
from housecall.tenancy.errors import SettingInvalidHere
from housecall.tenancy.store_departments import get_department
from housecall.web.house import House


def add_wording(acts: Any) -> None:
    """Add the act and its options."""
    one = add_act(acts, "wording", "what a message says", wording)
    one.add_argument("--kind", required=True, choices=[kind.value for kind in EDITABLE])
    one.add_argument("--channel", required=True, choices=[channel.value for channel in Channel])
    one.add_argument("--language", required=True, metavar="CODE")
    one.add_argument("--department", default="", metavar="ID", help="in its words; else in everybody's")
    one.add_argument("--body", metavar="TEXT")
    one.add_argument("--subject", metavar="TEXT", help="of an e-mail")
    one.add_argument("--as-shipped", action="store_true", help="say it as before")


async def wording(house: House, work: Work, org_id: OrgId, arguments: argparse.Namespace) -> dict[str, Any]:
    """The message says this; raises SettingInvalidHere, TemplateRefused or DepartmentUnknown."""
    which = find_which(arguments.kind, arguments.channel, arguments.language, arguments.department)
    if which is None:
        raise SettingInvalidHere(f"Choose a language that messages have, one of {', '.join(LANGUAGES)}.")
    if arguments.department:
        await get_department(work, org_id, arguments.department)
    stands, now = await read_stand(work, org_id, which), house.clock.now()
    if arguments.as_shipped:
        stands = await reset_template(work, org_id, which, version=stands.version, by=OPERATOR, now=now)
    elif arguments.body is not None or arguments.subject is not None:
        typed = Wording(
            stands.wording.body if arguments.body is None else arguments.body.strip(),
            stands.wording.subject if arguments.subject is None else arguments.subject.strip(),
        )
        stands = await save_template(work, org_id, which, typed, version=stands.version, by=OPERATOR, now=now)
    return {"body": stands.wording.body, "subject": stands.wording.subject, "is_own": stands.is_own}
