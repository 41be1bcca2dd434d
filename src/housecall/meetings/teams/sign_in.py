"""Signing in to Microsoft Graph as an app, by certificate, with Microsoft's own library."""

import asyncio
from typing import Any, Final

import httpx

from housecall.meetings.errors import LibraryMissing, MeetingUnavailable, SignInRefused
from housecall.meetings.teams.certificate import Certificate
from housecall.meetings.teams.clouds import Cloud

_TIMEOUT_S: Final = 10.0
# Source: Microsoft's list of sign-in errors: no such directory, a request across clouds, no such Graph in it.
_ANOTHER_CLOUD: Final = frozenset({90002, 900382, 500011})
_UNKNOWN_HERE: Final = (
    "Microsoft does not know this directory in the cloud that was chosen: "
    "compare the directory's id, and which of Microsoft's clouds it is in."
)
# What Microsoft answers when it is the one that is not well; any other error is ours to mend.
_THEIRS: Final = frozenset({"temporarily_unavailable", "server_error"})


class GraphSignIn:
    """Holds the app's tokens in memory; one is asked for when there is none that lasts."""

    def __init__(self, *, tenant: str, client_id: str, certificate: Certificate, cloud: Cloud) -> None:
        self._tenant, self._client_id = tenant, client_id
        self._certificate, self._cloud = certificate, cloud
        self._app: Any = None
        self._one_at_a_time = asyncio.Lock()

    async def token(self, *, fresh: bool = False) -> str:
        """A token for Graph; ``fresh`` after Graph has refused one. Raises SignInRefused or MeetingUnavailable."""
        async with self._one_at_a_time:
            if fresh:
                self._app = None
            # The library blocks while it asks.
            answer = await asyncio.to_thread(self._ask)
        token = answer.get("access_token")
        if isinstance(token, str):
            return token
        if answer.get("error") in _THEIRS:
            raise MeetingUnavailable
        # Microsoft's sentence may name the tenant and the app; its number is enough to look it up.
        numbers = answer.get("error_codes") or []
        known = f" Microsoft's number for it is AADSTS{numbers[0]}." if numbers else ""
        sentence = _UNKNOWN_HERE if _ANOTHER_CLOUD & set(numbers) else (SignInRefused.__doc__ or "").strip()
        raise SignInRefused(f"{sentence}{known}")

    def _ask(self) -> dict[str, Any]:
        try:
            if self._app is None:
                self._app = self._open()
            answer: dict[str, Any] = self._app.acquire_token_for_client(scopes=[self._cloud.scope])
        except (httpx.HTTPError, OSError):
            raise MeetingUnavailable from None
        except ValueError:
            # The library could not even begin: a directory that Microsoft does not know.
            raise SignInRefused(_UNKNOWN_HERE) from None
        return answer

    def _open(self) -> Any:
        try:
            import msal
        except ImportError:
            raise LibraryMissing from None
        return msal.ConfidentialClientApplication(
            self._client_id,
            authority=f"{self._cloud.login}/{self._tenant}",
            client_credential={
                "private_key": self._certificate.private_pem,
                "public_certificate": self._certificate.public_pem,
            },
            # The tenant's own endpoints are asked for at once: one host less that is called.
            instance_discovery=False,
            http_client=LoginHttp(self._cloud),
        )


class LoginHttp:
    """The library's way out: its requests go where this cloud signs in, or where a stand-in listens."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        # A stand-in is on this machine: a proxy of the environment must not come between.
        self._http = httpx.Client(timeout=_TIMEOUT_S, trust_env=not cloud.stand_in)

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        """One GET."""
        return self._http.get(self._moved(url), params=params, headers=headers)

    def post(
        self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any
    ) -> httpx.Response:
        """One POST of a form."""
        # The library's own client takes bytes for text; httpx would write their Python form.
        form = {name: one.decode() if isinstance(one, bytes) else one for name, one in (data or {}).items()}
        return self._http.post(self._moved(url), params=params, data=form, headers=headers)

    def close(self) -> None:
        """Connections are given back."""
        self._http.close()

    def _moved(self, url: str) -> str:
        if not url.startswith(self._cloud.login + "/"):
            # Asked for a directory of another cloud, Microsoft names that cloud's addresses.
            raise SignInRefused(_UNKNOWN_HERE)
        return self._cloud.login_base + url.removeprefix(self._cloud.login)
