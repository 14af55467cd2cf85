"""`python -m reddy_lib.sandbox`: the sandbox as a process of its own, until Ctrl+C."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvicorn

from reddy_lib.sandbox.control import with_control
from reddy_lib.sandbox.faults import Fault, fault_from
from reddy_lib.sandbox.running import listen, server_config
from reddy_lib.sandbox.server import Sandbox

__all__ = ["main"]

TOKEN_VARIABLE, SECRET_VARIABLE = "REDDY_SANDBOX_TOKEN", "REDDY_SANDBOX_SECRET"
"""Where a token and a secret of one's own come from. Command lines can be read by everybody on a machine."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox with the given command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    given = options.token or os.environ.get(TOKEN_VARIABLE, "").strip()
    own_secret = os.environ.get(SECRET_VARIABLE, "").strip()
    secret = own_secret or secrets.token_urlsafe(24)
    sandbox = Sandbox(
        token=given or None,
        latency=options.latency,
        agents=options.agent,
        faults=options.fault,
        record=options.record,
        hosts=options.allow_host,
    )
    try:
        listener = listen(options.host, options.port)
    except OSError as error:
        sys.stderr.write(f"Port {options.port} cannot be used ({error.strerror}): choose another one.\n")
        return 1
    host = f"[{options.host}]" if ":" in options.host else options.host
    url = f"http://{host}:{listener.getsockname()[1]}"
    token = "the one you gave" if given else repr(sandbox.token)
    shown = "the one you gave" if own_secret else secret
    seen = "" if own_secret else f"What it received: {url}/received?secret={secret}\n"
    sys.stdout.write(
        f"Reddy sandbox at {url} (token: {token}, secret of its own pages: {shown})\n{seen}Stop it with Ctrl+C.\n"
    )
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):  # the usual way to end it
        uvicorn.Server(server_config(with_control(sandbox, secret, hosts=options.allow_host))).run([listener])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reddy_lib.sandbox",
        description="A local Reddy: the same API, nothing leaves this machine.",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=8600, help="port; 0 takes a free one (default: 8600)")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which others reach it, beside this machine's own and IP addresses; repeat for more",
    )
    parser.add_argument("--token", help=f"bearer token (default: {TOKEN_VARIABLE}, else a random one)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each answer takes")
    parser.add_argument(
        "--agent", action="append", help="email of an active agent; repeat for more (default: all)"
    )
    parser.add_argument("--record", type=Path, help="file to append received calls to, read again at start")
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        help='what goes wrong, e.g. "status status=503 every=5 retry_after=1", "hang-up times=3 processed=true"; '
        "kinds: slow, status, hang-up, not-json, half-answer, half-body, upload-url; repeat for more",
    )
    return parser


def _fault(words: str) -> Fault:
    try:
        return fault_from(words)
    except msgspec.ValidationError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
