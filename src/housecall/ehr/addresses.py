"""The guard against being sent to addresses inside: which hosts an EHR may have, checked at every request.

A base URL comes from whoever sets up a connection, and more addresses come from what that server says
of itself. So every request resolves its host, refuses it if any of its addresses is not allowed, and
connects to the very address that was checked: a name that changes its mind between check and connect
gains nothing. Redirects are not followed.
"""

import asyncio
import ipaddress
import socket
import ssl
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import httpx

from housecall.ehr.errors import AddressRefused, EhrUnavailable

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[list[str]]]

# What "true" opens. Link-local is not among them: cloud machines hand out their credentials there.
_PRIVATE: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "::1/128",
        "fc00::/7",
    )
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_RESOLVED_FOR_S: Final = 30.0


@dataclass(frozen=True)
class NetworkRules:
    """Where requests may go and which certificates are believed; equal rules share one HTTP client."""

    allowed: tuple[IpNetwork, ...] = ()
    ca_file: str | None = None

    @classmethod
    def from_setting(cls, words: tuple[str, ...], ca_file: str = "") -> "NetworkRules":
        """From ``HOUSECALL_ALLOW_PRIVATE_ADDRESSES`` (``true`` or ranges) and ``HOUSECALL_CA_FILE``.

        Raises ValueError for what is neither.
        """
        networks: list[IpNetwork] = []
        for word in words:
            if word.lower() in ("true", "yes", "on", "1"):
                networks += _PRIVATE
            elif word.lower() not in ("false", "no", "off", "0"):
                networks.append(ipaddress.ip_network(word, strict=False))
        return cls(tuple(networks), ca_file or None)

    def allows(self, address: str) -> bool:
        """Whether a connection may go to this IP address."""
        ip = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
        if ip.is_multicast or ip.is_unspecified:
            return False
        return ip.is_global or any(ip in network for network in self.allowed)


def parse_url(text: str) -> httpx.URL:
    """The URL, if no resolving is needed to refuse it; raises AddressRefused."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise AddressRefused("not_a_url", "This is not an address.") from None
    check_url(url)
    return url


def check_url(url: httpx.URL) -> None:
    """Refuse what is wrong in the address itself; raises AddressRefused."""
    if url.scheme not in ("https", "http") or not url.host:
        raise AddressRefused("scheme", "An address must begin with https://.")
    if url.userinfo:
        raise AddressRefused("userinfo", "An address must not hold a user name or password.")


async def permitted_addresses(url: httpx.URL, rules: NetworkRules, resolve: Resolver) -> list[str]:
    """The addresses of the URL's host, all of them allowed; raises AddressRefused or EhrUnavailable."""
    check_url(url)
    port = url.port or (443 if url.scheme == "https" else 80)
    addresses = [url.host] if _is_ip(url.host) else await resolve(url.host, port)
    if not all(rules.allows(address) for address in addresses):
        raise AddressRefused("not_allowed")
    if url.scheme == "http" and not all(_is_loopback(address) for address in addresses):
        raise AddressRefused(
            "not_https", "An address must begin with https://; http is for this machine only."
        )
    return addresses


async def resolve_name(host: str, port: int) -> list[str]:
    """The host's addresses as the system's resolver gives them; raises EhrUnavailable if there are none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise EhrUnavailable("The EHR's host name could not be resolved.") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends requests only to permitted addresses, pinned to the one checked.

    One inner transport per host name: a pool keyed by address alone would reuse one host's TLS session for
    another.
    """

    def __init__(
        self, rules: NetworkRules, *, limits: httpx.Limits, resolve: Resolver = resolve_name
    ) -> None:
        self._rules = rules
        self._limits = limits
        self._resolve = resolve
        self._verify = _trust(rules.ca_file)
        self._inner: dict[str, httpx.AsyncHTTPTransport] = {}
        self._resolved: dict[str, tuple[float, list[str]]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        proxy = _proxy_for(request.url)
        if proxy:
            await self._check_behind_proxy(request.url)
            return await self._transport("proxy " + proxy, proxy).handle_async_request(request)
        addresses = await self._permitted(request.url)
        host = request.url.host
        request.extensions = {**request.extensions, "sni_hostname": host}
        last = addresses[-1]
        for address in addresses:
            request.url = request.url.copy_with(host=address)
            try:
                return await self._transport(host).handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if address == last:
                    self._resolved.clear()
                    raise
        raise httpx.ConnectError("no address", request=request)  # pragma: no cover - addresses is never empty

    async def aclose(self) -> None:
        for transport in self._inner.values():
            await transport.aclose()

    async def _permitted(self, url: httpx.URL) -> list[str]:
        known = self._resolved.get(key := f"{url.scheme}://{url.netloc.decode()}")
        if known and known[0] > time.monotonic():
            return known[1]
        addresses = await permitted_addresses(url, self._rules, self._resolve)
        self._resolved[key] = (time.monotonic() + _RESOLVED_FOR_S, addresses)
        return addresses

    async def _check_behind_proxy(self, url: httpx.URL) -> None:
        # The proxy resolves names, perhaps ones we cannot; what we can resolve must still be allowed.
        try:
            await self._permitted(url)
        except EhrUnavailable:
            if url.scheme != "https":
                raise AddressRefused("not_https") from None

    def _transport(self, key: str, proxy: str | None = None) -> httpx.AsyncHTTPTransport:
        if key not in self._inner:
            self._inner[key] = httpx.AsyncHTTPTransport(
                verify=self._verify, limits=self._limits, proxy=proxy, trust_env=False
            )
        return self._inner[key]


def _trust(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


def _proxy_for(url: httpx.URL) -> str | None:
    proxy = urllib.request.getproxies().get(url.scheme)
    if not proxy or _is_loopback(url.host) or urllib.request.proxy_bypass(url.host):
        return None
    return proxy


def _unwrapped(ip: IpAddress) -> IpAddress:
    """The IPv4 address inside an IPv6 one that only carries it."""
    if isinstance(ip, ipaddress.IPv6Address):
        if inner := ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1]):
            return inner
        if ip in _NAT64:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (
        _is_ip(host) and _unwrapped(ipaddress.ip_address(host.partition("%")[0])).is_loopback
    )
