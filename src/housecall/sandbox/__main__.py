"""``python -m housecall.sandbox``: the make-believe hospital as a process of its own."""

import argparse
import os
from pathlib import Path

import uvicorn

from housecall.kit.log import set_up_logging
from housecall.sandbox.app import sandbox_app
from housecall.sandbox.manners.registry import MANNERS
from housecall.sandbox.options import DEFAULT_GATEWAY_SECRET, SandboxOptions


def read_options(arguments: list[str] | None = None) -> tuple[SandboxOptions, str, int]:
    """Options, host and port from the command line."""
    parser = argparse.ArgumentParser(
        "housecall.sandbox", description="A make-believe EHR, phone and mailbox."
    )
    parser.add_argument("--port", type=int, default=8001, help="where the sandbox listens")
    parser.add_argument("--host", default="127.0.0.1", help="the address it listens on")
    parser.add_argument("--own-url", help="the address it is reached at; http://127.0.0.1:PORT if not given")
    parser.add_argument("--housecall", default="http://localhost:8000", help="where Housecall is")
    parser.add_argument("--data", type=Path, help="a folder to remember things in over a restart")
    parser.add_argument(
        "--mail-socket", type=Path, help="a Unix socket on which to take e-mail; none if not given"
    )
    # The environment is the better place for a secret: a command line is everybody's to read.
    secret = os.environ.get("SANDBOX_GATEWAY_SECRET") or DEFAULT_GATEWAY_SECRET
    parser.add_argument("--gateway-secret", default=secret, help="signs receipts and replies")
    parser.add_argument("--vendor", choices=list(MANNERS), default="millennium", help="whose manners it has")
    parser.add_argument("--siu-port", type=int, help="send schedule messages to this port of this machine")
    given = parser.parse_args(arguments)
    options = SandboxOptions(
        own_url=(given.own_url or f"http://127.0.0.1:{given.port}").rstrip("/"),
        housecall_url=given.housecall.rstrip("/"),
        gateway_secret=given.gateway_secret,
        data_dir=given.data,
        mail_socket=given.mail_socket,
        vendor=given.vendor,
        siu_port=given.siu_port,
    )
    return options, given.host, given.port


def main() -> None:
    """Listens until told to stop."""
    set_up_logging("WARNING")
    options, host, port = read_options()
    # Phones and schedules ask every second or so: connections that linger must not hold up the end.
    uvicorn.run(
        sandbox_app(options),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
