"""The SMART launch, from the authorization request to who looks at whom.

Source: SMART App Launch 2.2 §App Launch; RFC 7636 for PKCE.
"""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import urlencode

import httpx

from housecall.ehr.base import (
    AppointmentRef,
    AuthorizationRequest,
    EhrEndpoint,
    LaunchContext,
    PatientRef,
    Persona,
    PractitionerRef,
    Tokens,
    UserRef,
)
from housecall.ehr.discovery import Discovery
from housecall.ehr.errors import ClientRefused, DiscoveryFailed, IdTokenInvalid, LaunchDenied, LaunchReplayed
from housecall.ehr.id_token import IdTokenVerifier, SignedUser
from housecall.ehr.profile import VendorProfile
from housecall.ehr.scopes import join_scopes, missing_scopes
from housecall.ehr.token_endpoint import Grant, TokenEndpoint, TokenRefused


class SmartLaunch:
    """Begins and finishes launches of one connection; keeps nothing between the two."""

    def __init__(
        self,
        endpoint: EhrEndpoint,
        profile: VendorProfile,
        discovery: Discovery,
        token_endpoint: TokenEndpoint,
        verifier: IdTokenVerifier,
    ) -> None:
        self._endpoint = endpoint
        self._profile = profile
        self._discovery = discovery
        self._token_endpoint = token_endpoint
        self._verifier = verifier

    async def begin(self, *, launch: str | None, redirect_url: str, persona: Persona) -> AuthorizationRequest:
        """A fresh authorization request with state, nonce and a PKCE challenge; raises DiscoveryFailed."""
        where = (await self._discovery.configuration()).authorization_endpoint
        if where is None:
            raise DiscoveryFailed("The EHR's SMART configuration names no authorization endpoint.")
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        asked = self._profile.scopes_for(persona)
        fields = {
            "response_type": "code",
            "client_id": self._endpoint.client_id,
            "redirect_uri": redirect_url,
            "scope": join_scopes(asked if launch else standalone(asked, persona)),
            "state": state,
            "nonce": nonce,
            "aud": self._endpoint.base_url.rstrip("/"),
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        if launch:
            fields["launch"] = launch
        joint = "&" if httpx.URL(where).query else "?"
        return AuthorizationRequest(where + joint + urlencode(fields), state, nonce, verifier)

    async def finish(
        self, *, code: str, redirect_url: str, code_verifier: str, nonce: str, persona: Persona
    ) -> LaunchContext:
        """The launch's context; raises LaunchReplayed, IdTokenInvalid or LaunchDenied."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_url,
            "code_verifier": code_verifier,
        }
        try:
            grant = await self._token_endpoint.ask_as_launcher(form)
        except TokenRefused as refused:
            if refused.error == "invalid_grant":
                raise LaunchReplayed(more_at=refused.more_at) from None
            if refused.error == "invalid_client":
                raise ClientRefused from None
            raise LaunchDenied(more_at=refused.more_at) from None
        user = await self._signed_in(grant.body, nonce, persona)
        return self._context(grant, user, persona)

    async def _signed_in(self, body: dict[str, Any], nonce: str, persona: Persona) -> SignedUser:
        token = body.get("id_token")
        signed = await self._verifier.verify(token, nonce=nonce) if isinstance(token, str) else None
        if signed and signed.user_id:
            return signed
        # Millennium names its user beside the token; it came from the token endpoint itself.
        beside = _id(body.get("user")) if persona == "practitioner" else _id(body.get("patient"))
        if beside is None:
            raise IdTokenInvalid("no_user")
        return SignedUser("Practitioner" if persona == "practitioner" else "Patient", beside)

    def _context(self, grant: Grant, user: SignedUser, persona: Persona) -> LaunchContext:
        is_patient = user.user_type in ("Patient", "RelatedPerson")
        if is_patient != (persona == "patient"):
            # A patient must never come in by the clinician's door, nor the other way round.
            raise LaunchDenied("This account may not use this way in.")
        body = grant.body
        asked = self._profile.scopes_for(persona)
        granted = asked if grant.scope is None else grant.scope
        patient = _id(body.get("patient"))
        return LaunchContext(
            tokens=Tokens(
                access_token=grant.access_token,
                refresh_token=grant.refresh_token,
                expires_at=grant.expires_at,
                scope=granted,
                user=UserRef(user.user_id),
            ),
            user=PractitionerRef(user.user_id),
            persona=persona,
            patient=PatientRef(patient) if patient else None,
            encounter=_id(body.get("encounter")),
            appointments=appointments_in(body.get("fhirContext")),
            # Without a word from the EHR the banner is shown: better twice than never. Epic says it in text.
            need_patient_banner=body.get("need_patient_banner") not in (False, "false"),
            smart_style_url=_style(body.get("smart_style_url")),
            missing_scopes=missing_scopes(asked, granted),
            tenant=_id(body.get("tenant")),
            user_type=user.user_type,
        )


def challenge_of(verifier: str) -> str:
    """The PKCE challenge of a verifier, method S256."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def standalone(asked: frozenset[str], persona: Persona) -> frozenset[str]:
    """The scopes of a launch that does not begin in a chart: nobody's ``launch`` to echo."""
    rest = asked - {"launch"}
    return rest | {"launch/patient"} if persona == "patient" else rest


def appointments_in(context: object) -> tuple[AppointmentRef, ...]:
    """Appointments in a token answer's ``fhirContext``: objects by the standard, texts from older EHRs."""
    found: dict[AppointmentRef, None] = {}
    for item in context if isinstance(context, list) else []:
        reference = item
        if isinstance(item, dict):
            if item.get("role", "launch") not in ("launch", "", None):
                continue
            reference = item.get("reference")
        if isinstance(reference, str):
            kind, _, ref = reference.partition("/_history/")[0].rstrip("/").rpartition("/")
            if kind.rpartition("/")[2] == "Appointment" and ref:
                found[AppointmentRef(ref)] = None
    return tuple(found)


def _id(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        return None
    return value.strip().rpartition("/")[2] or None


def _style(value: object) -> str | None:
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else None
