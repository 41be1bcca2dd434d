"""Nobody can send us to an address inside."""

import ssl

import httpx
import pytest

from housecall.ehr.addresses import GuardedTransport, NetworkRules, parse_url, permitted_addresses
from housecall.ehr.errors import AddressRefused
from housecall.ehr.outward import Outward

PUBLIC = "93.184.216.34"


def resolver(*addresses: str):
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


REFUSED = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_inside_is_refused(address):
    assert not NetworkRules().allows(address)


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700:4700::1111"])
def test_a_public_address_is_allowed(address):
    assert NetworkRules().allows(address)


@pytest.mark.parametrize(
    ("setting", "address", "allowed"),
    [
        (("true",), "10.1.2.3", True),
        (("true",), "127.0.0.1", True),
        (("true",), "::1", True),
        (("true",), "169.254.169.254", False),
        (("true",), "0.0.0.0", False),
        (("10.1.0.0/16",), "10.1.2.3", True),
        (("10.1.0.0/16",), "10.2.2.3", False),
        (("10.1.0.0/16",), "::ffff:10.1.2.3", True),
        (("169.254.0.0/16",), "169.254.1.1", True),
        (("false",), "10.1.2.3", False),
    ],
)
def test_the_setting_opens_what_it_names_and_no_more(setting, address, allowed):
    assert NetworkRules.from_setting(setting).allows(address) is allowed


def test_a_setting_that_is_no_network_is_an_error():
    with pytest.raises(ValueError):
        NetworkRules.from_setting(("somewhere",))


@pytest.mark.parametrize(
    "text",
    [
        "ftp://ehr.example/r4",
        "file:///etc/passwd",
        "ehr.example/r4",
        "https://",
        "https://user:pass@ehr.example/r4",
        "http://0177.0.0.1/",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_web_address_is_refused_at_once(text):
    with pytest.raises(AddressRefused):
        parse_url(text)


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("https://ehr.example/", ["10.0.0.1"]),
        ("https://ehr.example/", [PUBLIC, "10.0.0.1"]),
        ("https://127.0.0.1/", []),
        ("https://[::1]/", []),
        ("https://2130706433/", ["127.0.0.1"]),
        ("https://localhost/", ["127.0.0.1"]),
        ("http://ehr.example/", [PUBLIC]),
        ("http://ehr.example/", [PUBLIC, "127.0.0.1"]),
    ],
)
async def test_a_name_is_refused_if_any_of_its_addresses_is(url, addresses):
    with pytest.raises(AddressRefused):
        await permitted_addresses(httpx.URL(url), NetworkRules(), resolver(*addresses))


async def test_http_is_for_this_machine_only():
    rules = NetworkRules.from_setting(("true",))

    assert await permitted_addresses(httpx.URL("http://localhost:1/"), rules, resolver("127.0.0.1")) == [
        "127.0.0.1"
    ]
    with pytest.raises(AddressRefused):
        await permitted_addresses(httpx.URL("http://inside/"), rules, resolver("10.0.0.1"))


async def test_a_name_that_changes_its_mind_reaches_only_what_was_checked(monkeypatch):
    """DNS rebinding: the request goes to the checked address itself, with the name kept for TLS and Host."""
    seen: list[httpx.Request] = []

    async def record(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", record)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    guarded = GuardedTransport(NetworkRules(), limits=httpx.Limits(), resolve=resolver(PUBLIC))
    async with httpx.AsyncClient(transport=guarded) as http:
        await http.get("https://ehr.example/r4")

    (request,) = seen
    assert request.url.host == PUBLIC
    assert request.headers["host"] == "ehr.example"
    assert request.extensions["sni_hostname"] == "ehr.example"


async def test_a_refused_address_is_never_called(monkeypatch):
    async def never(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        raise AssertionError("a request left")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", never)
    outward = Outward(NetworkRules())

    with pytest.raises(AddressRefused):
        await outward.send("GET", "https://169.254.169.254/latest/meta-data")
    await outward.close()


async def test_redirects_are_not_followed_and_cookies_not_kept():
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(302, headers={"Location": "https://other.example/", "Set-Cookie": "a=b"})

    outward = Outward(NetworkRules(), transport=httpx.MockTransport(answer))
    first = await outward.send("GET", "https://ehr.example/")
    await outward.send("GET", "https://ehr.example/")

    assert first.status == 302
    assert [request.url.host for request in seen] == ["ehr.example"] * 2
    assert "cookie" not in seen[1].headers


async def test_an_endless_answer_is_cut_off(monkeypatch):
    monkeypatch.setattr("housecall.ehr.outward.MAX_BYTES", 1000)
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=b"x" * 2000))

    with pytest.raises(Exception, match="too large"):
        await Outward(NetworkRules(), transport=transport).send("GET", "https://ehr.example/")


async def test_an_extra_certificate_file_is_believed(tmp_path):
    """A file that holds no certificate must not pass silently."""
    file = tmp_path / "ca.pem"
    file.write_text("nothing")

    with pytest.raises(ssl.SSLError):
        GuardedTransport(NetworkRules(ca_file=str(file)), limits=httpx.Limits())
