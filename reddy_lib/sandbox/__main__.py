"""`python -m reddy_lib.sandbox`: the sandbox as a process of its own, until Ctrl+C."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvicorn

from reddy_lib.sandbox.faults import Fault, fault_from
from reddy_lib.sandbox.server import DEFAULT_TOKEN, Sandbox, listen, server_config

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox with the given command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    sandbox = Sandbox(
        token=options.token,
        latency=options.latency,
        agents=options.agent,
        faults=options.fault,
        record=options.record,
    )
    try:
        listener = listen(options.host, options.port)
    except OSError as error:
        sys.stderr.write(f"Port {options.port} cannot be used ({error.strerror}): choose another one.\n")
        return 1
    host = f"[{options.host}]" if ":" in options.host else options.host
    token = repr(DEFAULT_TOKEN) if options.token == DEFAULT_TOKEN else "the one you gave"
    sys.stdout.write(
        f"Reddy sandbox at http://{host}:{listener.getsockname()[1]} (token: {token})\n"
        "What it received: /received. Stop it with Ctrl+C.\n"
    )
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):  # the usual way to end it
        uvicorn.Server(server_config(sandbox.app)).run([listener])
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
    parser.add_argument("--token", default=DEFAULT_TOKEN, help=f"bearer token (default: {DEFAULT_TOKEN})")
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
