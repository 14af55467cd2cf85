"""The sandbox misbehaves exactly as it is told, over real sockets, and runs in each of its three ways."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from reddy_lib.sandbox import Fault, Faults, Sandbox
from reddy_lib.sandbox.__main__ import main
from reddy_lib.sandbox.control import with_control
from reddy_lib.sandbox.faults import fault_from
from reddy_lib.sandbox.running import listen, server_config

TOKEN = "sandbox-token"
SECRET = "secret-of-a-test"
CREATE = "/api/v1/call/create"
BODY = json.dumps({"agent_email": "ana@example.com", "product_id": 1, "conversation_id": "c-1"}).encode()


def talk(url: str, path: str = CREATE, body: bytes | None = BODY, *, method: str = "POST") -> bytes:
    """Every byte that comes back for one request, until the server closes; b"" where it hangs up."""
    parts = urlsplit(url)
    head = (
        f"{method} {parts.path}{path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"X-Sandbox-Secret: {SECRET}\r\nConnection: close\r\n"
    )
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    got = b""
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=10) as connection:
        connection.sendall(head.encode() + b"\r\n" + (body or b""))
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                got += part
    return got


def status_of(got: bytes) -> int:
    """The status of an answer; 0 where there was none."""
    return int(got.split(b" ", 2)[1]) if got else 0


def statuses(sandbox: Sandbox, count: int) -> list[int]:
    return [status_of(talk(sandbox.url)) for _ in range(count)]


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(token=TOKEN) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


class TestWhen:
    def strikes(self, fault: Fault, count: int) -> list[int]:
        faults = Faults([fault])
        return [number for number in range(1, count + 1) if faults.strike("create")]

    def test_every_nth_request(self) -> None:
        assert self.strikes(Fault(kind="status", every=3), 10) == [3, 6, 9]

    def test_the_next_n_requests(self) -> None:
        assert self.strikes(Fault(kind="status", times=2), 5) == [1, 2]

    def test_after_some_that_pass(self) -> None:
        assert self.strikes(Fault(kind="status", after=3, every=2, times=2), 20) == [5, 7]

    def test_by_chance_but_the_same_at_every_run(self) -> None:
        fault = Fault(kind="status", probability=0.25)
        struck = self.strikes(fault, 1000)
        assert 200 < len(struck) < 300
        assert self.strikes(fault, 1000) == struck

    def test_only_the_endpoint_it_is_on(self) -> None:
        faults = Faults([Fault(kind="status", on="upload", times=1)])
        assert faults.strike("create") is None
        assert faults.strike("upload") is not None
        assert faults.strike("upload") is None

    def test_the_first_fault_that_strikes_decides(self) -> None:
        faults = Faults([Fault(kind="slow", times=1, seconds=1), Fault(kind="hang-up")])
        struck = [faults.strike("create"), faults.strike("create")]
        assert [fault.kind for fault in struck if fault] == ["slow", "hang-up"]
        assert repr(faults) == "<Faults: hang-up>"

    def test_counting_holds_under_many_threads(self) -> None:
        faults = Faults([Fault(kind="status", every=2, times=300)])
        with ThreadPoolExecutor(8) as threads:
            struck = list(threads.map(lambda _: faults.strike("create"), range(1000)))
        assert sum(fault is not None for fault in struck) == 300

    def test_words_make_a_fault(self) -> None:
        words = "status status=503 every=5 retry_after=1.5 processed=true"
        assert fault_from(words) == Fault(kind="status", status=503, every=5, retry_after=1.5, processed=True)
        assert fault_from("hang-up,times=3") == Fault(kind="hang-up", times=3)
        assert fault_from(b'{"kind":"slow","seconds":2}') == Fault(kind="slow", seconds=2)

    @pytest.mark.parametrize(
        "words",
        ["", "explode", "status status=teapot", "status every=0", "slow colour=red", "status probability=2"],
    )
    def test_words_that_make_no_sense_are_refused(self, words: str) -> None:
        with pytest.raises((msgspec.ValidationError, ValueError)):
            fault_from(words)


class TestWhat:
    @pytest.mark.parametrize("status", [302, 400, 401, 409, 422, 500, 502, 504])
    def test_a_given_status_with_nothing_received(self, sandbox: Sandbox, status: int) -> None:
        sandbox.faults.add(Fault(kind="status", status=status, times=1))
        assert statuses(sandbox, 2) == [status, 200]
        assert len(sandbox.received) == 1

    def test_a_status_after_the_call_was_taken_all_the_same(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(Fault(kind="status", status=500, times=1, processed=True))
        assert statuses(sandbox, 1) == [500]
        assert len(sandbox.received) == 1

    def test_too_many_requests_with_a_time_to_wait(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(Fault(kind="status", status=429, retry_after=7, times=1))
        got = talk(sandbox.url)
        assert status_of(got) == 429
        assert b"\r\nretry-after: 7\r\n" in got.lower()
        assert b'{"error":"too many requests"}' in got

    def test_hanging_up_closes_the_connection_without_a_byte(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(Fault(kind="hang-up", times=1))
        assert talk(sandbox.url) == b""
        assert sandbox.received == []
        assert statuses(sandbox, 1) == [200]

    def test_hanging_up_after_the_call_was_taken_looks_the_same_from_outside(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(Fault(kind="hang-up", times=1, processed=True))
        assert talk(sandbox.url) == b""
        assert len(sandbox.received) == 1

    def test_hanging_up_does_not_wait_for_a_body_that_is_still_coming(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(Fault(kind="hang-up", times=1))
        parts = urlsplit(sandbox.url)
        head = f"POST {CREATE} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 1000000\r\n\r\n"
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
            connection.sendall(head.encode() + b"{")
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""

    def test_an_answer_that_is_not_json(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(Fault(kind="not-json", times=1))
        head, _, body = talk(sandbox.url).partition(b"\r\n\r\n")
        assert status_of(head) == 200
        assert b"text/html" in head
        assert body.startswith(b"<!doctype html>")

    def test_half_an_answer_promises_more_than_it_sends(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(Fault(kind="half-answer", times=1))
        head, _, body = talk(sandbox.url).partition(b"\r\n\r\n")
        promised = re.search(rb"content-length: (\d+)", head.lower())
        assert status_of(head) == 200
        assert promised is not None
        assert 0 < len(body) < int(promised[1])
        assert len(sandbox.received) == 1

    def test_a_slow_call_is_taken_before_its_answer_is_waited_for(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(Fault(kind="slow", seconds=60, times=1))
        parts = urlsplit(sandbox.url)
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
            head = (
                f"POST {CREATE} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {TOKEN}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
            )
            connection.sendall(head.encode() + BODY)
            assert statuses(sandbox, 1) == [200]  # the other one does not wait in line
            assert len(sandbox.received) == 2
            assert select.select([connection], [], [], 0)[0] == []

    def test_faults_leave_the_sandboxes_own_pages_alone(self, sandbox: Sandbox) -> None:
        sandbox.faults.add(Fault(kind="hang-up"))
        with serving(with_control(sandbox, SECRET)) as url:
            assert status_of(talk(url, "/received", None, method="GET")) == 200
            assert talk(url, "/api/v1/product/list", None, method="GET") == b""

    def test_the_server_logs_no_complaint_about_any_of_it(
        self, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
    ) -> None:
        for name in ("asyncio", "uvicorn.error", "uvicorn.access"):
            caplog.set_level(logging.DEBUG, logger=name)
        for kind in ("hang-up", "half-answer", "not-json", "status"):
            sandbox.faults.add(fault_from({"kind": kind, "times": 1}))
            talk(sandbox.url)
        sandbox.faults.add(Fault(kind="hang-up", times=1, processed=True))
        talk(sandbox.url)
        assert statuses(sandbox, 1) == [200]
        assert caplog.records == []


class TestOverHTTP:
    @pytest.fixture
    def url(self, sandbox: Sandbox) -> Iterator[str]:
        with serving(with_control(sandbox, SECRET)) as url:
            yield url

    def test_a_test_in_another_process_says_what_goes_wrong(self, url: str, sandbox: Sandbox) -> None:
        got = talk(url, "/faults", b'[{"kind":"status","status":503,"retry_after":2,"times":1}]')
        assert json.loads(got.partition(b"\r\n\r\n")[2]) == [
            {"kind": "status", "status": 503, "retry_after": 2.0, "times": 1}
        ]
        assert [status_of(talk(url)) for _ in range(2)] == [503, 200]
        assert talk(url, "/faults", None, method="GET").endswith(b"[]")

    def test_delete_ends_all_faults(self, url: str, sandbox: Sandbox) -> None:
        talk(url, "/faults", b'{"kind":"hang-up"}')
        assert statuses(sandbox, 1) == [0]
        assert status_of(talk(url, "/faults", None, method="DELETE")) == 200
        assert statuses(sandbox, 1) == [200]

    @pytest.mark.parametrize(
        "body", [b"{", b'{"kind":"explode"}', b'{"kind":"slow","colour":"red"}', b"\xff"]
    )
    def test_a_fault_that_makes_no_sense_is_refused(self, url: str, sandbox: Sandbox, body: bytes) -> None:
        assert status_of(talk(url, "/faults", body)) == 400
        assert sandbox.faults.current() == []

    def test_received_can_be_read_in_pieces_with_counts_of_requests(self, url: str, sandbox: Sandbox) -> None:
        assert statuses(sandbox, 5) == [200] * 5
        got = talk(url, "/received?offset=1&limit=2", None, method="GET")
        head, _, body = got.partition(b"\r\n\r\n")
        assert [call["number"] for call in json.loads(body)] == [2, 3]
        assert b"x-requests-create: 5" in head
        assert status_of(talk(url, "/received?limit=few", None, method="GET")) == 400

    def test_the_front_page_says_what_this_is(self, url: str) -> None:
        assert b"nothing leaves this machine" in talk(url, "/", None, method="GET")


class TestInThread:
    def test_it_is_ready_when_the_block_begins_and_gone_when_it_ends(self) -> None:
        with Sandbox(token=TOKEN) as sandbox:
            url = sandbox.url
            assert status_of(talk(url)) == 200
        with pytest.raises(ConnectionRefusedError):
            talk(url)
        with pytest.raises(RuntimeError, match="not running"):
            _ = sandbox.url
        assert len(sandbox.received) == 1

    def test_it_runs_where_an_event_loop_is_running_already(self) -> None:
        async def cell() -> int:
            with Sandbox(token=TOKEN) as sandbox:
                return status_of(await asyncio.to_thread(talk, sandbox.url))

        assert asyncio.run(cell()) == 200

    def test_leaving_cuts_off_those_who_still_wait_without_a_complaint(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        with ThreadPoolExecutor(1) as threads:
            with Sandbox(token=TOKEN, latency=60) as sandbox:
                waiting = threads.submit(talk, sandbox.url)
                while not sandbox.received:
                    time.sleep(0.001)
            assert waiting.result(timeout=10) == b""
        assert [record for record in caplog.records if record.levelno >= 30] == []  # warnings and worse

    def test_a_port_that_is_taken_says_so_at_once(self) -> None:
        with Sandbox(token=TOKEN) as sandbox:
            port = urlsplit(sandbox.url).port
            assert port is not None
            with pytest.raises(OSError, match="in use"), Sandbox(token=TOKEN, port=port):
                pass

    def test_it_cannot_be_entered_twice(self) -> None:
        with Sandbox(token=TOKEN) as sandbox, pytest.raises(RuntimeError, match="running already"):
            sandbox.__enter__()

    def test_hundreds_wait_at_the_same_time(self) -> None:
        with Sandbox(token=TOKEN, latency=0.3) as sandbox, ThreadPoolExecutor(100) as threads:
            start = time.monotonic()
            got = list(threads.map(lambda _: status_of(talk(sandbox.url)), range(200)))
            spent = time.monotonic() - start
            assert got == [200] * 200
            assert len({call["upload_id"] for call in sandbox.received}) == 200
        assert spent < 200 * 0.3 / 5, "answers waited in line"

    def test_it_leaves_the_programs_logging_alone(self) -> None:
        def state() -> list[object]:
            names = ("", "uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")
            loggers = [logging.getLogger(name) for name in names]
            return [(logger.level, logger.propagate, logger.handlers[:]) for logger in loggers]

        before = state()
        with Sandbox(token=TOKEN) as sandbox:
            talk(sandbox.url)
            assert state() == before


class TestMounted:
    def test_below_another_app_it_gives_upload_addresses_that_lead_back_to_it(self) -> None:
        sandbox = Sandbox(token=TOKEN)
        outer = Starlette(routes=[Mount("/sandbox", sandbox.app)])
        with serving(outer) as base:
            body = BODY[:-1] + b',"filename":"a.m4a"}'
            answer = json.loads(talk(base + "/sandbox", body=body).partition(b"\r\n\r\n")[2])
            address: str = answer["upload_url"]
            assert address.startswith(base + "/sandbox/upload/")
            path = address.removeprefix(base)
            # without `Authorization`, which `talk` always sends
            parts = urlsplit(base)
            with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
                connection.sendall(
                    f"PUT {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 5\r\n"
                    "Connection: close\r\n\r\nsound".encode()
                )
                assert status_of(connection.recv(1000)) == 200
            assert sandbox.audio == {answer["upload_id"]: b"sound"}
            assert status_of(talk(base + "/sandbox", "/received", None, method="GET")) == 404

    def test_mounted_it_can_hang_up_too(self) -> None:
        sandbox = Sandbox(token=TOKEN, faults=[{"kind": "hang-up", "times": 1}])
        with serving(Starlette(routes=[Mount("/sandbox", sandbox.app)])) as base:
            assert talk(base + "/sandbox") == b""
            assert status_of(talk(base + "/sandbox")) == 200

    def test_behind_a_middleware_that_hides_the_connection_the_answer_ends_unfinished(self) -> None:
        sandbox = Sandbox(token=TOKEN, faults=[{"kind": "hang-up"}])

        async def hiding(scope: Any, receive: Any, send: Any) -> None:
            async def wrapped() -> Any:
                return await receive()

            await sandbox.app(scope, wrapped, send)

        with serving(hiding) as base:
            head, _, body = talk(base).partition(b"\r\n\r\n")
        assert b"content-length: 1" in head.lower()
        assert body == b""


class TestProcess:
    def test_the_command_prints_where_it_is_and_keeps_its_record_over_a_kill(self, tmp_path: Path) -> None:
        record = tmp_path / "received.jsonl"
        for expected in (1, 2):
            with process("--port", "0", "--record", str(record)) as (url, said, child):
                assert TOKEN not in said
                assert SECRET not in said
                assert status_of(talk(url)) == 200
                got = talk(url, "/received", None, method="GET")
                assert len(json.loads(got.partition(b"\r\n\r\n")[2])) == expected
                child.kill()

    def test_options_set_faults_agents_and_a_token_that_is_not_printed(self) -> None:
        options = [
            "--port",
            "0",
            "--token",
            "my-own-token",
            "--agent",
            "bo@example.com",
            "--fault",
            "status times=1",
        ]
        with process(*options) as (url, said, _):
            assert "my-own-token" not in said
            assert [status_of(talk(url)) for _ in range(2)] == [500, 401]

    def test_a_port_that_is_taken_is_said_in_a_sentence(self, capsys: pytest.CaptureFixture[str]) -> None:
        with Sandbox(token=TOKEN) as sandbox:
            assert main(["--port", str(urlsplit(sandbox.url).port)]) == 1
        assert "choose another one" in capsys.readouterr().err

    def test_a_fault_that_makes_no_sense_is_said_before_anything_starts(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit):
            main(["--fault", "explode"])
        assert "explode" in capsys.readouterr().err


@contextlib.contextmanager
def serving(app: Any) -> Iterator[str]:
    """Any ASGI app on a port of its own."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(server_config(app))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def process(*options: str) -> Iterator[tuple[str, str, subprocess.Popen[str]]]:
    """The sandbox as a process: its address, what it printed, and the process."""
    root = str(Path(__file__).resolve().parents[2])
    with subprocess.Popen(
        [sys.executable, "-m", "reddy_lib.sandbox", *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={
            **os.environ,
            "PYTHONPATH": root,
            "REDDY_SANDBOX_TOKEN": TOKEN,
            "REDDY_SANDBOX_SECRET": SECRET,
        },
    ) as child:
        assert child.stdout is not None
        said = child.stdout.readline()
        found = re.search(r"http://[\d.:]+", said)
        assert found is not None, said
        try:
            yield found[0], said, child
        finally:
            child.kill()
