"""Token answers, field by field as the vendor's."""

from datetime import timedelta

from housecall.kit.ids import new_token
from housecall.sandbox.auth.clients import Client
from housecall.sandbox.auth.grants import ACTIVE_LASTS, Code, Launch, Refresh, Session
from housecall.sandbox.errors import OauthRefused
from housecall.sandbox.house import House


def system_answer(house: House, client: Client, scopes: tuple[str, ...]) -> dict[str, object]:
    """A token for a system account."""
    session = _open_session(house, client, "system", scopes, family=new_token())
    return _plain_answer(house, session)


def launch_answer(
    house: House,
    client: Client,
    source: Code | Refresh,
    *,
    scopes: tuple[str, ...] | None = None,
    active_at: str | None = None,
) -> dict[str, object]:
    """A token within a launch, from a code or a refresh token; the second brings no new refresh token."""
    launch, given = source.launch, source.scopes if scopes is None else scopes
    family = source.value if isinstance(source, Code) else source.family
    session = _open_session(house, client, launch.persona, given, family=family, launch=launch)
    sign_on = house.manner.sign_on
    answer = _plain_answer(house, session) | sign_on.context(house, launch)
    if "openid" in given:
        nonce = source.nonce if isinstance(source, Code) else None
        answer["id_token"] = _identity(house, client, launch, given, nonce)
    if isinstance(source, Refresh):
        answer |= _presence(house, source, active_at)
        if sign_on.renews_refresh:
            answer["refresh_token"] = house.grants.renew_refresh(source).token
    elif "offline_access" in given or "online_access" in given:
        refresh = Refresh(
            new_token(), client.client_id, given, launch, family, house.clock.now(), "offline_access" in given
        )
        house.grants.keep_refresh(refresh)
        answer |= {"refresh_token": refresh.token} | _presence(house, refresh, None)
    return answer


def _presence(house: House, refresh: Refresh, active_at: str | None) -> dict[str, object]:
    """How long the session lives on without a sign of life; an offline one has no such end."""
    if refresh.is_offline or not house.manner.sign_on.watches_presence:
        return {}
    now = house.clock.now()
    if active_at is not None and active_at.isdigit():
        refresh.last_active = max(refresh.last_active, now - timedelta(seconds=int(active_at)))
    left = refresh.last_active + ACTIVE_LASTS - now
    if left <= timedelta():
        house.grants.revoke_family(refresh.family)
        raise OauthRefused("invalid_grant", "oauth2:token:session-inactive")
    return {"active_ttl": int(left.total_seconds())}


def _plain_answer(house: House, session: Session) -> dict[str, object]:
    answer: dict[str, object] = {
        "access_token": session.token,
        "token_type": "Bearer",
        "scope": " ".join(session.scopes),
    }
    if house.manner.sign_on.says_expiry:
        answer["expires_in"] = int(house.manner.sign_on.token_lasts.total_seconds())
    return answer


def username(house: House, launch: Launch) -> str:
    if launch.persona == "patient":
        return f"member{launch.user}"
    return house.world.practitioner(launch.user).login or f"user{launch.user}"


def _identity(
    house: House, client: Client, launch: Launch, scopes: tuple[str, ...], nonce: str | None
) -> str:
    now = int(house.clock.now().timestamp())
    claims: dict[str, object] = {
        "iss": house.manner.sign_on.issuer(house.options),
        "sub": username(house, launch),
        "aud": client.client_id,
        "iat": now,
        "exp": now + int(house.manner.sign_on.token_lasts.total_seconds()),
    }
    if "fhirUser" in scopes or "profile" in scopes:
        kind = "Practitioner" if launch.persona == "provider" else "Patient"
        user = f"{house.options.fhir_base}/{kind}/{house.manner.ids.outward(kind, launch.user)}"
        claims |= {"fhirUser": user, "profile": user}
    if nonce:
        claims["nonce"] = nonce
    return house.keys.sign_identity(claims)


def _open_session(
    house: House,
    client: Client,
    persona: str,
    scopes: tuple[str, ...],
    *,
    family: str,
    launch: Launch | None = None,
) -> Session:
    expires = house.clock.now() + house.manner.sign_on.token_lasts
    claims: dict[str, object] = {
        "iss": house.options.auth_base,
        "exp": int(expires.timestamp()),
        "jti": new_token(),
        "urn:cerner:authorization:claims:version:1": {
            "ver": "1.0",
            "tenant": "sandbox",
            "client": {"id": client.client_id, "name": client.client_id},
            "user": {"principal": launch.user, "persona": persona} if launch else None,
            "profiles": {"smart-v1": {"azs": " ".join(scopes)}},
        },
    }
    session = Session(
        token=house.keys.sign_access(claims),
        client_id=client.client_id,
        persona=persona,
        scopes=scopes,
        expires=expires,
        family=family,
        user=launch.user if launch else None,
        patient=launch.patient if launch else None,
    )
    house.grants.keep_session(session)
    return session
