"""Run the sandbox's server in a thread of this process. `python -m reddy_lib.sandbox` uses its socket and settings too."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.auto import AutoHTTPProtocol

KEEP_ALIVE_SECONDS = 75
ENDING_SECONDS = 0.1
"""How long to wait for requests to end after their connections were cut."""


class _Server(uvicorn.Server):
    """A server that reports when it is ready and stops at once; uvicorn's own checks for a stop only every 0.1 s."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready
        self._ending = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._ready.set()

    async def main_loop(self) -> None:
        ticks = asyncio.ensure_future(super().main_loop())
        ending = asyncio.ensure_future(self._ending.wait())
        await asyncio.wait((ticks, ending), return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if ticks.done():
            ticks.result()  # which raises what ended it
        ticks.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if cut := list(self.server_state.tasks):
            await asyncio.wait(cut, timeout=ENDING_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDING_SECONDS):
                for server in self.servers:
                    await server.wait_closed()

    def end(self) -> None:
        """Stop the server. Call it from another thread."""
        self.should_exit = True
        with contextlib.suppress(RuntimeError):  # its loop has ended already
            self._loop.call_soon_threadsafe(self._ending.set)


class Running:
    """The sandbox's server in a daemon thread with an event loop of its own."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        listener = listen("127.0.0.1", port)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        ready = threading.Event()
        self._server = _Server(server_config(app), ready)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="reddy-sandbox", daemon=True
        )
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Stop the server and cut open connections."""
        self._server.end()
        self._thread.join()


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, on which connections queue from now on. Raises OSError: the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Name the protocol: otherwise asyncio leaves Nagle's algorithm on, which costs 40 ms a request.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there, this option would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def server_config(app: ASGIApp) -> uvicorn.Config:
    """Return settings for a quiet server, which leaves the logging of its notebook or program unchanged."""
    return uvicorn.Config(
        app,
        http=_without_access_log,  # type: ignore[arg-type]  # a class is asked for, anything that makes one will do
        log_config=None,
        lifespan="off",
        ws="none",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
        server_header=False,
    )


def _without_access_log(**settings: Any) -> asyncio.Protocol:
    """Return a protocol without an access log. uvicorn's own setting turns it off for the whole process."""
    protocol: Any = AutoHTTPProtocol(**settings)
    protocol.access_log = False
    return cast(asyncio.Protocol, protocol)
