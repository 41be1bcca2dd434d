"""Health, readiness and metrics: open on purpose, and with nothing of anybody in them."""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housecall.web.audience import Audience, anyone
from housecall.web.house import house_of

routes = Audience("operation", guard=anyone)


@routes.get("/healthz", include_in_schema=False)
async def healthz() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@routes.get("/readyz", include_in_schema=False)
async def readyz(request: Request) -> JSONResponse:
    """The process can do its work: its database answers."""
    try:
        ready = await house_of(request).database.is_ready()
    except (SQLAlchemyError, OSError):
        ready = False
    return JSONResponse({"status": "ready" if ready else "database_down"}, status_code=200 if ready else 503)


@routes.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    """Prometheus's view: counts and times, no ids."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
