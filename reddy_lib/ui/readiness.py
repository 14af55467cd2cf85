"""Whether this process can do its work, for whatever starts and watches it: `GET /ready`.

Streamlit's own `/_stcore/health` says only that the server answers. No name and no count is in the answer, because it
comes without signing in.
"""

from __future__ import annotations

import os

import anyio
import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from reddy_lib.errors import LedgerError
from reddy_lib.sending.workers import is_alive
from reddy_lib.ui import has_engine, open_ledger

__all__ = ["ready"]

PATIENCE = 4.0
"""Seconds. A database that does not answer is not ready; whoever asks waits no longer either."""


async def ready(_request: Request) -> Response:
    """200 where the ledger answers and the engine, if this process has one, sends heartbeats; else 503."""
    ledger, engine = False, False
    with anyio.move_on_after(PATIENCE):
        ledger, engine = await anyio.to_thread.run_sync(_state, abandon_on_cancel=True)
    body = {
        "ready": ledger and (engine or not has_engine()),
        "ledger": "ok" if ledger else "away",
        "engine": ("ok" if engine else "not running") if has_engine() else "off",
    }
    return Response(
        msgspec.json.encode(body), 200 if body["ready"] else 503, media_type="application/json",
        headers={"cache-control": "no-store"},
    )  # fmt: skip


def _state() -> tuple[bool, bool]:
    try:
        ledger = open_ledger()
        ledger.must_be_there()
        return True, is_alive(ledger, "app", pid=os.getpid())
    except LedgerError:
        return False, False
