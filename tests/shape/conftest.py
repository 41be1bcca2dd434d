"""The application without a house: enough to look at its routes."""

from types import SimpleNamespace
from typing import cast

import pytest
from starlette.routing import BaseRoute

from housecall.app import make_app
from housecall.web.house import House


@pytest.fixture
def bare_app_routes() -> list[BaseRoute]:
    app = make_app(cast(House, SimpleNamespace()))
    return list(app.router.routes)
