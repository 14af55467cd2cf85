"""The sandbox's server in a thread of this process, and what its own command uses of it: a socket and the settings."""

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
"""How long a request whose connection was cut may take to notice."""


class _Server(uvicorn.Server):
    """A server that tells when it is ready, and ends at once: uvicorn's own looks ten times a second whether it should."""

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
        ticks.cancel()
        ending.cancel()

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
        """Tell it to end, from another thread."""
        self.should_exit = True
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
        """End the server; connections that are open are cut."""
        self._server.end()
        self._thread.join()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket: connections queue from now on, and a port that is taken is an OSError at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's delay off only where it is: 40 ms a request otherwise.
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
    """A quiet server: it changes no logging of the notebook or program that it runs in."""
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
    """uvicorn's own switch for this turns the access log of the whole process off."""
    protocol: Any = AutoHTTPProtocol(**settings)
    protocol.access_log = False
    return cast(asyncio.Protocol, protocol)
