"""Whether a process that sends is at work, seen from another one: by its heartbeat in the ledger."""

from __future__ import annotations

import socket

from ..ledger import Ledger
from ..ledger.workers import workers_known

__all__ = ["is_alive"]


def is_alive(ledger: Ledger, kind: str, *, pid: int | None = None) -> bool:
    """Whether a worker of this kind on this machine (and with this process id) sends heartbeats.

    Raises LedgerUnavailable.
    """
    known = workers_known(ledger)
    mine = (known["kind"] == kind) & (known["host"] == socket.gethostname()) & (known["state"] == "alive")
    return bool((mine if pid is None else mine & (known["pid"] == pid)).any())
