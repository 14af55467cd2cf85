"""`python -m reddy_lib.worker`: a process that sends queued calls. Any number may run, on any machines.

It works on the ledger in `REDDY_LEDGER` (PostgreSQL, for more than one machine), with the token in `REDDY_API_TOKEN` for
the address in `REDDY_BASE_URL`, and on the sandbox's submissions if `REDDY_SANDBOX_URL` names a sandbox. It ignores
submissions that need another token. On SIGTERM or Ctrl+C it claims no more, waits for calls in flight, records them, and
ends; a second signal some seconds later ends it at once, and calls in flight are in doubt.
"""

from __future__ import annotations

import argparse
import logging
import sys
import threading
from collections.abc import Sequence

from reddy_lib.api import Client
from reddy_lib.database.sandbox_urls import SANDBOX, remember_sandbox
from reddy_lib.errors import APIError, ConnectionUnusable, LedgerError, LedgerTooNew
from reddy_lib.forgetting.housekeeping import Housekeeping
from reddy_lib.interrupts import stop_in_order
from reddy_lib.ledger import Ledger
from reddy_lib.sending.connection import (
    SANDBOX_URL_VARIABLE,
    TOKEN_VARIABLE,
    Connection,
    from_environment,
    sandbox_from_environment,
)
from reddy_lib.sending.engine import Engine
from reddy_lib.sending.engine_start import PatientEngine
from reddy_lib.sending.logs import switch_on
from reddy_lib.sending.submission import Submission
from reddy_lib.sending.workers import HEARTBEAT_TIMEOUT, is_alive, lane

__all__ = ["main"]

LEFT_IN_ORDER, NO_LEDGER, NOTHING_TO_SEND_WITH, NOT_ALL_RECORDED, NOT_ALIVE = 0, 1, 2, 3, 4

SHORTEST = 3.0
"""Seconds. A worker with a shorter heartbeat timeout would hardly have time to renew it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker with the given command line until it is told to stop; return the exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    if options.check:
        return _check()
    switch_on()
    try:
        connections = _connections()
        problem = _unusable(connections)
    except ConnectionUnusable as error:
        problem = str(error)
    if problem:
        sys.stderr.write(f"{problem}\n")
        return NOTHING_TO_SEND_WITH

    stop = threading.Event()
    stop_in_order(lambda _number, _frame: stop.set())
    ledgers: list[Ledger] = []

    def make() -> Engine:
        if not ledgers:
            ledgers.append(Ledger())
        for each in connections:
            if each.is_sandbox:
                remember_sandbox(ledgers[0], each.base_url)
        return Engine(
            ledgers[0],
            lambda submission: _connection_of(submission, connections),
            kind="worker",
            lanes=lambda: [
                each for connection in connections for each in connection.lanes(ledgers[0].identity)
            ],
            heartbeat_timeout=options.heartbeat_timeout,
        )

    def started(engine: Engine) -> None:
        sys.stdout.write(
            f"Worker {engine.worker} works on the ledger {engine.database.name} and sends {_describe(connections)}.\n"
        )
        sys.stdout.flush()

    def failed(error: LedgerError) -> None:
        sys.stderr.write(f"{error}\n")
        if isinstance(error, LedgerTooNew):  # waiting does not help
            stop.set()
        else:
            sys.stderr.write("The worker tries again every few seconds.\n")
        sys.stderr.flush()

    engine = PatientEngine(make, on_start=started, on_trouble=failed)
    engine.start()
    housekeeping = Housekeeping(lambda: ledgers[0] if ledgers else Ledger())
    housekeeping.start()
    stop.wait()
    housekeeping.stop()
    never = engine.engine is None
    sys.stdout.write("Stopping: no more calls are claimed; calls in flight are waited for.\n")
    sys.stdout.flush()
    recorded = engine.stop()
    for ledger in ledgers:
        ledger.close()
    if never:
        return NO_LEDGER
    if not recorded:
        sys.stderr.write("Some calls in flight could not be recorded: they are in doubt.\n")
        return NOT_ALL_RECORDED
    sys.stdout.write("Stopped; all calls that were in flight are recorded.\n")
    return LEFT_IN_ORDER


def _check() -> int:
    """Look for the heartbeat of a worker on this machine (in this container), for health checks."""
    try:
        with Ledger() as ledger:
            alive = is_alive(ledger, "worker")
    except LedgerError as error:
        sys.stderr.write(f"{error}\n")
        return NO_LEDGER
    if not alive:
        sys.stderr.write("No worker on this machine sends heartbeats to the ledger.\n")
        return NOT_ALIVE
    sys.stdout.write("A worker on this machine is alive.\n")
    return LEFT_IN_ORDER


def _connections() -> list[Connection]:
    """Return the connections that this worker has tokens for. A broken sandbox does not keep it from sending to Reddy."""
    found = from_environment()
    try:
        sandbox = sandbox_from_environment()
    except ConnectionUnusable as error:
        if found is None:
            raise
        logging.getLogger("reddy_lib.sending").warning("calls for the sandbox are not sent: %s", error)
        sandbox = None
    return [each for each in (found, sandbox) if each is not None]


def _connection_of(submission: Submission, connections: Sequence[Connection]) -> Connection | None:
    wanted = lane(submission.record())
    return next((found for found in connections if wanted in found.lanes(submission.database.identity)), None)


def _unusable(connections: Sequence[Connection]) -> str:
    """Return why nothing can be sent with these connections, or ""."""
    if not connections:
        return (
            f"There is nothing to send with: set {TOKEN_VARIABLE} to a token of Reddy, or {SANDBOX_URL_VARIABLE} to "
            "where the sandbox is."
        )
    for connection in connections:
        try:
            client: Client = connection.client()
        except APIError as error:
            return f"{error} (This is about {'the sandbox' if connection.is_sandbox else TOKEN_VARIABLE}.)"
        client.close()
    return ""


def _describe(connections: Sequence[Connection]) -> str:
    return " and ".join(
        f"to the sandbox at {found.base_url}"
        if found.address == SANDBOX
        else f"to {found.address}" + (f" as {found.token_hint}" if found.token_hint else "")
        for found in connections
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reddy_lib.worker",
        description="Sends the calls that are queued in a ledger. Any number of workers may share one ledger "
        "(PostgreSQL) from any number of machines; each call is sent once.",
        epilog="Environment: REDDY_LEDGER, where the ledger is (postgresql+psycopg://user:password@host/name); "
        "REDDY_API_TOKEN and REDDY_BASE_URL, the token and the address it is for; REDDY_SANDBOX_URL and "
        "REDDY_SANDBOX_TOKEN, where the sandbox is (http://app:8501/sandbox) and its token. "
        "A ledger that is away or locked is tried again until it answers. "
        "Ends with 0 after an orderly stop, 1 where it was stopped before the ledger could be used, or where a newer "
        "version wrote the ledger, 2 where there is nothing to send with, 3 where some calls in flight could not be "
        "recorded, 4 where --check finds no living worker.",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="start nothing; check whether a worker on this machine is alive and reaches the ledger (for health checks)",
    )
    parser.add_argument(
        "--heartbeat-timeout",
        type=_seconds,
        default=HEARTBEAT_TIMEOUT,
        metavar="SECONDS",
        help="seconds without a heartbeat after which others take over this worker's calls (default: %(default)g)",
    )
    return parser


def _seconds(words: str) -> float:
    seconds = float(words)
    if not SHORTEST <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"must be from {SHORTEST:g} to 3600 seconds")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
