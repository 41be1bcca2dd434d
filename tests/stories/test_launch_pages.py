"""A launch that does not work: each way has a page of its own, with a way on."""

from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.stories.demo import Demo


@pytest.fixture
def frame(demo: Demo) -> httpx.Client:
    """A frame without scripts: cookies, and one redirect at a time."""
    return httpx.Client(headers={"Accept": "text/html"}, follow_redirects=False, timeout=20)


def launch_of(demo: Demo) -> str:
    """The address that the EHR opens for a chart."""
    booked = demo.book()
    answer = demo.http.post(f"{demo.sandbox}/sandbox/launches", json={"patient": booked["patient"]})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"])


def cookies(answer: httpx.Response) -> dict[str, str]:
    """Cookies as a browser on a trustworthy address sends them; httpx keeps Secure ones off plain http."""
    pair = answer.headers.get("set-cookie", "").split(";")[0]
    return {"Cookie": pair} if pair else {}


def callback_of(frame: httpx.Client, begun: httpx.Response) -> str:
    """Where the EHR sends the browser back to."""
    address = begun.headers["location"]
    for _ in range(5):
        answer = frame.get(address)
        if answer.status_code not in (302, 303):
            raise AssertionError(answer.text[:500])
        address = answer.headers["location"]
        if "/ehr/callback" in address:
            return str(address)
    raise AssertionError("the EHR did not lead back")


def says(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text[:600]
    assert code in answer.text
    assert "<h1" in answer.text


def test_a_launch_leads_to_the_panel(demo: Demo, frame: httpx.Client) -> None:
    begun = frame.get(launch_of(demo))
    finished = frame.get(callback_of(frame, begun), headers=cookies(begun))

    panel = frame.get(demo.url + finished.headers["location"], headers=cookies(begun))

    assert panel.status_code == 200
    assert "frame-ancestors http://127.0.0.1:" in panel.headers["content-security-policy"]
    assert frame.get(demo.url + finished.headers["location"]).status_code == 401


def test_a_callback_played_twice_opens_nothing(demo: Demo, frame: httpx.Client) -> None:
    begun = frame.get(launch_of(demo))
    back = callback_of(frame, begun)
    assert frame.get(back, headers=cookies(begun)).status_code == 303

    says(frame.get(back, headers=cookies(begun)), 409, "visits.launch_used")


def test_a_code_spent_at_another_launch_is_refused(demo: Demo, frame: httpx.Client) -> None:
    first = frame.get(launch_of(demo))
    spent = parse_qs(urlsplit(callback_of(frame, first)).query)["code"][0]
    frame.get(callback_of(frame, first), headers=cookies(first))
    second = frame.get(launch_of(demo))
    state = parse_qs(urlsplit(callback_of(frame, second)).query)["state"][0]

    answer = frame.get(
        f"{demo.url}/ehr/callback?" + urlencode({"code": spent, "state": state}), headers=cookies(second)
    )

    says(answer, 403, "ehr.code_refused")


def test_a_wrong_state_is_refused(demo: Demo, frame: httpx.Client) -> None:
    begun = frame.get(launch_of(demo))
    code = parse_qs(urlsplit(callback_of(frame, begun)).query)["code"][0]

    answer = frame.get(
        f"{demo.url}/ehr/callback?" + urlencode({"code": code, "state": "made-up"}), headers=cookies(begun)
    )

    says(answer, 401, "visits.launch_unknown")


def test_a_callback_in_another_browser_is_refused(demo: Demo, frame: httpx.Client) -> None:
    begun = frame.get(launch_of(demo))

    says(frame.get(callback_of(frame, begun)), 403, "visits.launch_foreign")


def test_an_issuer_that_is_not_connected_is_never_asked(demo: Demo, frame: httpx.Client) -> None:
    answer = frame.get(f"{demo.url}/ehr/launch?iss=http://127.0.0.1:9/fhir&launch=abc")

    says(answer, 404, "tenancy.connection_unknown")


def test_an_opening_without_a_launch_says_where_to_open_it(demo: Demo, frame: httpx.Client) -> None:
    says(frame.get(f"{demo.url}/ehr/launch"), 400, "web.launch_incomplete")


def test_a_denied_consent_is_said(demo: Demo, frame: httpx.Client) -> None:
    begun = frame.get(launch_of(demo))
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]

    answer = frame.get(
        f"{demo.url}/ehr/callback?" + urlencode({"error": "access_denied", "state": state}),
        headers=cookies(begun),
    )

    says(answer, 403, "visits.launch_denied")
