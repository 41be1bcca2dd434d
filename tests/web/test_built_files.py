"""Scripts and style sheets go over the wire compressed and are kept; what is not there is neither."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import Mount

from housecall.web.built_files import BuiltFiles

SCRIPT = "const clinic = 'open';\n" * 200
PICTURE = b"\x89PNG" + bytes(500)


@pytest_asyncio.fixture(loop_scope="session")
async def browser(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "page-1a2b.js").write_text(SCRIPT)
    (tmp_path / "face-3c4d.png").write_bytes(PICTURE)
    app = Starlette(routes=[Mount("/static", BuiltFiles(directory=tmp_path))])
    transport = httpx.ASGITransport(app)
    headers = {"Accept-Encoding": "gzip, deflate, br"}
    async with httpx.AsyncClient(transport=transport, base_url="http://house", headers=headers) as client:
        yield client


async def raw_body(browser: httpx.AsyncClient, address: str, **headers: str) -> tuple[dict[str, str], bytes]:
    async with browser.stream("GET", address, headers=headers) as answer:
        return dict(answer.headers), b"".join([part async for part in answer.aiter_raw()])


async def test_a_script_is_sent_compressed_and_says_what_it_depends_on(browser: httpx.AsyncClient) -> None:
    headers, body = await raw_body(browser, "/static/page-1a2b.js")

    assert headers["content-encoding"] == "gzip"
    assert headers["vary"] == "Accept-Encoding"
    assert headers["content-type"].startswith("text/javascript")
    assert int(headers["content-length"]) == len(body) < len(SCRIPT) / 10
    assert gzip.decompress(body).decode() == SCRIPT


@pytest.mark.parametrize("offer", ["", "br", "identity", "gzip;q=0, br", "GZIP; q=0.0"])
async def test_a_browser_that_does_not_take_it_gets_it_plain(browser: httpx.AsyncClient, offer: str) -> None:
    headers, body = await raw_body(browser, "/static/page-1a2b.js", **{"Accept-Encoding": offer})

    assert "content-encoding" not in headers
    assert headers["vary"] == "Accept-Encoding"
    assert body.decode() == SCRIPT


async def test_a_picture_is_sent_as_it_is(browser: httpx.AsyncClient) -> None:
    headers, body = await raw_body(browser, "/static/face-3c4d.png")

    assert "content-encoding" not in headers
    assert body == PICTURE


async def test_a_file_that_changed_is_compressed_anew(browser: httpx.AsyncClient, tmp_path: Path) -> None:
    await raw_body(browser, "/static/page-1a2b.js")
    (tmp_path / "page-1a2b.js").write_text("const clinic = 'closed';\n")

    assert (await browser.get("/static/page-1a2b.js")).text == "const clinic = 'closed';\n"


async def test_a_built_file_is_kept_for_ever_and_a_missing_one_not_at_all(browser: httpx.AsyncClient) -> None:
    """A node of the version before answers 404 to the new pages' scripts: a browser must not keep that."""
    found = await browser.get("/static/page-1a2b.js")
    missing = await browser.get("/static/page-9z9z.js")

    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert missing.status_code == 404
    assert "cache-control" not in missing.headers


async def test_the_head_of_a_script_is_that_of_its_compressed_body(browser: httpx.AsyncClient) -> None:
    whole, head = await browser.get("/static/page-1a2b.js"), await browser.head("/static/page-1a2b.js")

    assert head.headers["content-length"] == whole.headers["content-length"]
    assert head.headers["content-encoding"] == "gzip"
