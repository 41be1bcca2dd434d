"""The web's composition root: every audience mounted, nothing decided."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from housecall import __version__
from housecall.tenancy.keys import RELOAD_EVERY_S, reload_signing_key
from housecall.visits.sweep import mark_all_absent
from housecall.web import errors, operation
from housecall.web.api import routes as api_routes
from housecall.web.brand import routes as brand_routes
from housecall.web.built_files import BuiltFiles
from housecall.web.department_preview import routes as department_preview_routes
from housecall.web.departments import routes as department_routes
from housecall.web.described import DescribedApp
from housecall.web.hooks import routes as hook_routes
from housecall.web.hooks_azure import routes as azure_hook_routes
from housecall.web.hooks_mail import routes as mail_hooks
from housecall.web.hooks_meetings import routes as meeting_hooks
from housecall.web.hooks_twilio import routes as twilio_hook_routes
from housecall.web.house import House
from housecall.web.launch import routes as launch_routes
from housecall.web.message_report import acts as message_acts
from housecall.web.message_report import routes as message_report_routes
from housecall.web.message_templates import routes as message_template_routes
from housecall.web.message_timing import routes as message_timing_routes
from housecall.web.pages import STATIC
from housecall.web.panel import doors as handover_routes
from housecall.web.panel import routes as panel_routes
from housecall.web.panel_colleagues import routes as colleague_routes
from housecall.web.panel_instant import routes as instant_routes
from housecall.web.panel_people import routes as people_routes
from housecall.web.patient import routes as patient_routes
from housecall.web.patient_launch import routes as patient_launch_routes
from housecall.web.patient_launch import visits as own_visit_routes
from housecall.web.patient_texting import routes as patient_texting_routes
from housecall.web.patient_turn import routes as patient_turn_routes
from housecall.web.portal import reports as portal_reports
from housecall.web.portal import routes as portal_routes
from housecall.web.portal_audit import routes as audit_routes
from housecall.web.portal_checks import routes as check_routes
from housecall.web.portal_guests import routes as guest_pages
from housecall.web.portal_settings import routes as settings_routes
from housecall.web.portal_texts import routes as text_routes
from housecall.web.quality_report import routes as quality_routes
from housecall.web.setup import routes as setup_routes
from housecall.web.setup_connection import routes as setup_connection_routes
from housecall.web.setup_meetings import routes as setup_meeting_routes
from housecall.web.setup_review import routes as setup_review_routes
from housecall.web.setup_switch import routes as setup_switch_routes
from housecall.web.sign_in import entrance as portal_entrance
from housecall.web.sign_in_settings import routes as sign_in_settings
from housecall.web.sockets import routes as socket_routes
from housecall.web.spoken import routes as spoken_routes
from housecall.web.survey import pages as survey_pages
from housecall.web.survey import routes as survey_routes
from housecall.web.today import routes as today_routes
from housecall.web.worklist import routes as worklist_routes
from housecall.web.write_back import machine as write_back_api
from housecall.web.write_back import pages as write_back_pages

log = logging.getLogger(__name__)

AUDIENCES: Final = (
    operation.routes,
    launch_routes,
    patient_launch_routes,
    own_visit_routes,
    guest_pages,
    # Before the launches', which would take "today" for one of theirs.
    today_routes,
    worklist_routes,
    people_routes,
    colleague_routes,
    instant_routes,
    panel_routes,
    handover_routes,
    patient_routes,
    patient_texting_routes,
    patient_turn_routes,
    spoken_routes,
    survey_routes,
    survey_pages,
    portal_entrance,
    portal_routes,
    message_template_routes,
    message_report_routes,
    message_acts,
    message_timing_routes,
    department_routes,
    department_preview_routes,
    portal_reports,
    quality_routes,
    setup_routes,
    setup_connection_routes,
    setup_switch_routes,
    setup_meeting_routes,
    setup_review_routes,
    text_routes,
    sign_in_settings,
    audit_routes,
    check_routes,
    settings_routes,
    brand_routes,
    api_routes,
    write_back_pages,
    write_back_api,
    hook_routes,
    twilio_hook_routes,
    azure_hook_routes,
    mail_hooks,
    meeting_hooks,
)


@asynccontextmanager
async def _open(app: FastAPI) -> AsyncIterator[None]:
    house: House = app.state.house
    await house.hub.start()
    # Nobody is connected to a web process that has just begun; those who come back say so themselves.
    async with house.database.work() as work:
        await mark_all_absent(work, house.clock.now())
    keys = asyncio.create_task(_follow_keys(house))
    yield
    keys.cancel()


async def _follow_keys(house: House) -> None:
    """A key that was rotated by another process signs here as well."""
    while True:
        await asyncio.sleep(RELOAD_EVERY_S)
        try:
            await reload_signing_key(house.database, house.desk.ehr, house.sealer, house.clock)
        except Exception:
            log.exception("The signing key could not be read.")


def make_app(house: House) -> FastAPI:
    """The web application over a built house."""
    app = DescribedApp(
        title="Housecall",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_open,
    )
    app.state.house = house
    errors.install(app)
    for audience in AUDIENCES:
        app.include_router(audience)
    app.router.routes.extend(socket_routes)
    app.mount("/static", BuiltFiles(directory=STATIC, check_dir=False), name="static")
    return app
