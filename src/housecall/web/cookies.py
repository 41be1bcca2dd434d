"""Our cookies: all HttpOnly, Secure and host-bound; the panel's also live in a frame on another site."""

from starlette.responses import Response

# A panel's session lasts as long as its launch: half a day.
LAUNCH_LIFE_S = 12 * 3600


def launch_cookie(launch_id: str) -> str:
    """The name of a launch's cookie: one for each launch, so that two charts side by side never mix."""
    return f"__Host-hc_{launch_id}"


def seat_cookie(seat_id: str) -> str:
    """The name of a seat's cookie."""
    return f"__Host-hc_seat_{seat_id}"


def set_launch_cookie(response: Response, launch_id: str, secret: str) -> None:
    """Give the browser its half of the launch; partitioned, since other cookies are dropped in a cross-site frame."""
    response.headers.append(
        "set-cookie",
        f"{launch_cookie(launch_id)}={secret}; Path=/; Max-Age={LAUNCH_LIFE_S}; "
        "HttpOnly; Secure; SameSite=None; Partitioned",
    )


def set_patient_launch_cookie(response: Response, launch_id: str, secret: str) -> None:
    """Give the browser its half of a patient's launch: for a page of its own only, and for no other site's form."""
    response.headers.append(
        "set-cookie",
        f"{launch_cookie(launch_id)}={secret}; Path=/; Max-Age={LAUNCH_LIFE_S}; HttpOnly; Secure; SameSite=Lax",
    )


def clear_launch_cookie(response: Response, launch_id: str) -> None:
    """Have the browser forget a launch that is over."""
    response.headers.append(
        "set-cookie",
        f"{launch_cookie(launch_id)}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned",
    )
