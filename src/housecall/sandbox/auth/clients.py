"""The apps registered with the authorization server."""

from dataclasses import dataclass, field, replace
from typing import Final

from housecall.sandbox.errors import RequestRefused

KINDS: Final = ("public", "symmetric", "asymmetric")
USES: Final = ("launch", "system")
# Known to everybody: they open nothing but the make-believe.
_CLINICIAN: Final = "sandbox-clinician-secret"
_SYSTEM: Final = "sandbox-system-secret"


@dataclass(frozen=True)
class Client:
    """One registered app."""

    client_id: str
    kind: str
    redirect_uris: tuple[str, ...] = ()
    secret: str | None = None
    jwks_url: str | None = None
    uses: tuple[str, ...] = ("launch",)

    def redirects_to(self, uri: str) -> bool:
        """Whether ``uri`` is registered: the same to the letter, but for query parameters added to it."""
        if "#" in uri:
            return False
        return any(
            uri == known or uri.startswith(known + ("&" if "?" in known else "?"))
            for known in self.redirect_uris
        )


def seed_clients(housecall_url: str) -> dict[str, Client]:
    """The clients every sandbox begins with."""
    redirects = (f"{housecall_url}/ehr/callback", f"{housecall_url}/ehr/patient/callback")
    clients = (
        Client("housecall-public", "public", redirects),
        Client("housecall-patient", "public", redirects),
        Client("housecall-clinician", "symmetric", redirects, secret=_CLINICIAN),
        Client(
            "housecall-asymmetric",
            "asymmetric",
            redirects,
            jwks_url=f"{housecall_url}/ehr/jwks.json",
            uses=("launch", "system"),
        ),
        Client("housecall-system", "symmetric", (), secret=_SYSTEM, uses=("system",)),
    )
    return {client.client_id: client for client in clients}


@dataclass
class Registry:
    """All clients by id; a client may be registered anew while the sandbox runs.

    ``added`` holds those registered since the first start: they are kept over a restart.
    """

    clients: dict[str, Client] = field(default_factory=dict)
    added: dict[str, Client] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clients = self.clients | self.added

    def register(self, form: dict[str, object]) -> Client:
        """The client as wanted, in place of one with the same id; what is left out stays as it was."""
        client_id = form.get("client_id")
        if not isinstance(client_id, str) or not client_id:
            raise RequestRefused("A client needs a client_id.")
        old = self.clients.get(client_id, Client(client_id, "public", uses=USES))
        kind = str(form.get("kind", old.kind))
        if kind not in KINDS:
            raise RequestRefused(f"kind is one of {', '.join(KINDS)}.")
        client = replace(
            old,
            kind=kind,
            secret=_text(form, "secret", old.secret),
            jwks_url=_text(form, "jwks_url", old.jwks_url),
            redirect_uris=_words(form, "redirect_uris", old.redirect_uris),
            uses=_words(form, "uses", old.uses),
        )
        if kind == "symmetric" and not client.secret:
            raise RequestRefused("A symmetric client needs a secret.")
        if kind == "asymmetric" and not client.jwks_url:
            raise RequestRefused("An asymmetric client needs a jwks_url.")
        self.clients[client_id] = self.added[client_id] = client
        return client


def _text(form: dict[str, object], name: str, old: str | None) -> str | None:
    value = form.get(name, old)
    if value is not None and not isinstance(value, str):
        raise RequestRefused(f"{name} is a text.")
    return value


def _words(form: dict[str, object], name: str, old: tuple[str, ...]) -> tuple[str, ...]:
    value = form.get(name, old)
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise RequestRefused(f"{name} is a list of texts.")
    return tuple(value)
