"""Whether a process that sends is at work, seen from another one: by its heartbeat in the ledger."""

from __future__ import annotations

import socket

from reddy_lib.database.database import Database
from reddy_lib.sending.workers import workers_known

__all__ = ["is_alive"]


def is_alive(database: Database, kind: str, *, pid: int | None = None) -> bool:
    """Whether a worker of this kind on this machine (and with this process id) sends heartbeats.

    Raises LedgerUnavailable.
    """
    known = workers_known(database)
    mine = (known["kind"] == kind) & (known["host"] == socket.gethostname()) & (known["state"] == "alive")
    return bool((mine if pid is None else mine & (known["pid"] == pid)).any())
