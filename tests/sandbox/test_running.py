"""A sandbox that is told to stop does so at once, whatever its clients hold open or still wait for."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import threading
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import uvicorn.server

from reddy_lib.sandbox import Fault, Sandbox
from reddy_lib.sandbox.running import Running
from tests.app_server import wait_for

PATIENCE = 60.0


def stopped(sandbox: Sandbox) -> None:
    thread = threading.Thread(target=sandbox.stop, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "the sandbox does not stop"


def is_refused(sandbox_url: str) -> bool:
    parts = urlsplit(sandbox_url)
    with socket.socket() as probe:
        return probe.connect_ex((str(parts.hostname), int(parts.port or 0))) != 0


def test_it_is_woken_and_does_not_look_from_time_to_time_whether_it_should(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def too_long(_seconds: float) -> None:
        await asyncio.sleep(1000)

    monkeypatch.setattr(uvicorn.server, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": too_long}))
    sandbox = Sandbox().start()
    url = sandbox.url
    stopped(sandbox)
    assert is_refused(url)


def test_a_request_that_waits_for_its_answer_and_an_idle_connection_are_cut() -> None:
    sandbox = Sandbox(faults=[Fault(kind="slow", seconds=1000)]).start()
    url = sandbox.url
    parts = urlsplit(url)
    waiting = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    waiting.request("GET", "/api/v1/product/list", headers={"Authorization": f"Bearer {sandbox.token}"})
    server = sandbox._running._server if sandbox._running else None
    wait_for(lambda: bool(server and server.server_state.tasks), seconds=20, why="the request to arrive")
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=PATIENCE) as idle:
        stopped(sandbox)
        assert is_refused(url)
        with pytest.raises(ConnectionError):
            waiting.getresponse()
        with contextlib.suppress(ConnectionResetError):  # cut before it was accepted
            assert idle.recv(1) == b""
    waiting.close()


def test_one_that_ends_as_soon_as_it_is_ready_ends() -> None:
    for _ in range(50):
        stopped(Sandbox().start())


def test_its_port_is_free_again_when_it_has_stopped() -> None:
    first = Running(Sandbox().app, 0)
    port = int(urlsplit(first.url).port or 0)
    first.stop()
    again = Running(Sandbox().app, port)
    assert again.url == first.url
    again.stop()
