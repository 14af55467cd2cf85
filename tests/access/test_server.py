"""The gate before a real server: cookies of every kind, uploads, the stream, and files that change while it runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests import app_server
from tests.app_server import ROOT, free_port, wait_for
from tests.openid_provider import COOKIE_SECRET, cookies, header, write_secrets

RULES = """[access]
emails = ["ana@example.com", "eve@example.com"]
role = "look"
[access.roles]
edit = ["eve@example.com"]
"""
MB = 1 << 20


class Server:
    def __init__(self, port: int, process: subprocess.Popen[bytes], secrets: Path) -> None:
        self.port, self.process, self.secrets = port, process, secrets
        self.url = f"http://localhost:{port}"

    def memory(self) -> int:
        """Bytes that the server's process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def session(self, jar: dict[str, str]) -> tuple[ClientConnection, str]:
        """A browser's stream, and the id of the session that the server made for it."""
        stream = connect(
            f"ws://localhost:{self.port}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers={"Cookie": header(jar)} if jar else {},
            origin=self.url,  # type: ignore[arg-type]
            max_size=None,
            close_timeout=0.2,  # what nobody reads any more keeps the server's goodbye from arriving
        )
        ask = BackMsg()
        ask.rerun_script.query_string = ""
        stream.send(ask.SerializeToString())
        while True:
            message = ForwardMsg()
            message.ParseFromString(stream.recv(timeout=60))  # type: ignore[arg-type]
            if message.HasField("new_session"):
                return stream, message.new_session.initialize.session_id

    def put(
        self, session: str, jar: dict[str, str], size: int, *, chunked: bool = False, name: str = "f"
    ) -> int:
        """Upload a file of so many bytes; returns the status, 0 where the server hung up."""
        answer = self.offer(session, jar, size, chunked=chunked, name=name)
        return 0 if answer is None else answer.status_code

    def offer(
        self, session: str, jar: dict[str, str], size: int, *, chunked: bool = False, name: str = "f"
    ) -> requests.Response | None:
        """Upload a file of so many bytes; None where the server hung up."""
        seen = requests.get(f"{self.url}/_stcore/health", timeout=30)
        token = seen.cookies["_streamlit_xsrf"]
        everything = {**jar, "_streamlit_xsrf": token}
        head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="calls.csv"\r\n\r\n'
        tail = b"\r\n--b--\r\n"

        def body() -> Iterator[bytes]:
            yield head
            left = size
            while left:
                piece = min(left, 256 * 1024)
                yield b"x" * piece
                left -= piece
            yield tail

        headers = {
            "Cookie": header(everything), "X-Xsrftoken": token, "Content-Type": "multipart/form-data; boundary=b",
        }  # fmt: skip
        url = f"{self.url}/_stcore/upload_file/{session}/{name}"
        try:
            if chunked:
                return requests.put(url, data=body(), headers=headers, timeout=60)
            return requests.put(url, data=b"".join(body()), headers=headers, timeout=60)
        except requests.ConnectionError:
            return None


def start(folder: Path, access: str | None, **environment: str) -> Server:
    port = free_port()
    if access is not None:
        secrets = write_secrets(folder / "secrets.toml", port, access)
        environment["STREAMLIT_SECRETS_FILES"] = str(secrets)
    process = app_server.start_app(
        folder / "ledger.sqlite", folder / "app.log", port,
        **{"REDDY_ENGINE": "off", "STREAMLIT_SERVER_MAX_UPLOAD_SIZE": "8", **environment},
    )  # fmt: skip
    return Server(port, process, folder / "secrets.toml")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = start(tmp_path_factory.mktemp("signed"), RULES)
    yield made
    app_server.stop(made.process)


def status(server: Server, path: str, jar: dict[str, str]) -> int:
    return requests.get(f"{server.url}{path}", headers={"Cookie": header(jar)}, timeout=30).status_code


def test_only_a_cookie_of_this_server_for_somebody_on_the_list_opens_what_lies_outside_the_pages(
    server: Server,
) -> None:
    port, metrics = server.port, "/_stcore/metrics"
    assert status(server, metrics, cookies(port)) == 200
    assert status(server, metrics, cookies(port, email="EVE@example.com")) == 200
    long = cookies(port, groups=[os.urandom(20).hex() for _ in range(300)])
    assert len(long) > 2, "this one comes in parts"
    assert status(server, metrics, long) == 200
    part = dict(list(long.items())[:-1])
    tampered = {name: f"{value[:-3]}abc" for name, value in cookies(port).items()}
    refused = {
        "none": {},
        "a stranger": cookies(port, email="ana@elsewhere.example"),
        "not verified": cookies(port, email_verified=False),
        "signed with another secret": cookies(port, secret=COOKIE_SECRET[::-1]),
        "tampered": tampered,
        "too old": cookies(port, iat=int(time.time()) - 13 * 3600),
        "of another site": cookies(port, origin="http://localhost:1"),
        "signed out": cookies(port, is_logged_in=False),
        "a part is missing": part,
        "no cookie at all": {"_streamlit_user": "ana@example.com"},
        "under another name": {"_streamlit_user_tokens": cookies(port)["_streamlit_user"]},
    }
    got = {why: status(server, metrics, jar) for why, jar in refused.items()}
    assert got == dict.fromkeys(refused, 401)


def test_a_cookie_is_sent_by_https_alone_where_the_workbench_is_reached_so(tmp_path: Path) -> None:
    made = start(tmp_path, RULES)
    try:
        text = made.secrets.read_text().replace("http://localhost", "https://localhost")
        made.secrets.write_text(text)
        wait_for(
            lambda: "; Secure" in requests.get(f"{made.url}/review", timeout=30).headers["set-cookie"],
            seconds=60,
            why="the secrets to be read again",
        )
    finally:
        app_server.stop(made.process)


def test_nobody_uploads_before_signing_in_nor_with_the_role_look(server: Server) -> None:
    before = server.memory()
    for jar in ({}, cookies(server.port, email="who@elsewhere.example"), cookies(server.port)):
        stream, session = server.session(jar)
        with stream:
            statuses = {server.put(session, jar, 7 * MB, name=str(number)) for number in range(6)}
            statuses |= {server.put(session, jar, 7 * MB, name="c", chunked=True)}
        assert statuses <= {0, 401, 403}
    assert server.memory() - before < 40 * MB, "147 MB were offered"


def test_uploads_of_a_session_are_bounded_together(server: Server) -> None:
    jar = cookies(server.port, email="eve@example.com")
    stream, session = server.session(jar)
    with stream:
        assert server.put(session, jar, 3 * MB, name="one") == 204
        assert server.put(session, jar, 3 * MB, name="one") == 204, (
            "the same file once more takes no more room"
        )
        assert server.put(session, jar, 3 * MB, name="two", chunked=True) == 204
        assert server.put(session, jar, 5 * MB, name="three") == 413
        assert server.put(session, jar, 5 * MB, name="four", chunked=True) not in (200, 204)
        assert server.put(session, jar, 1 * MB, name="five") == 204
    wait_for(lambda: status(server, "/_stcore/health", {}) == 200, seconds=30, why="the server")


def test_a_tab_that_the_server_does_not_know_is_told_so_and_not_that_its_file_is_too_large(
    server: Server,
) -> None:
    answer = server.offer("not-a-session", cookies(server.port, email="eve@example.com"), 1 * MB)
    assert answer is not None
    assert answer.status_code == 403
    assert "no longer connected to the workbench" in answer.text
    assert "reload the page" in answer.text


def test_without_sign_in_many_sessions_together_are_bounded_too(tmp_path: Path) -> None:
    made = start(tmp_path, None, REDDY_UPLOAD_MEMORY="20")
    try:
        opened = [made.session({}) for _ in range(6)]
        made.put(opened[0][1], {}, 1 * MB, name="warm")
        before = made.memory()
        results: list[int] = []
        threads = [
            threading.Thread(target=lambda s=session: results.append(made.put(s, {}, 6 * MB, name="big")))  # type: ignore[misc]
            for _, session in opened
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results.count(204) == 3
        assert len(results) == 6
        assert made.memory() - before < 3 * 20 * MB
        for stream, _ in opened:
            stream.close()
    finally:
        app_server.stop(made.process)


def test_before_signing_in_the_stream_takes_small_messages_alone(server: Server) -> None:
    stream, _ = server.session({})
    with stream:
        stream.send(b"x" * (2 * MB))
        with pytest.raises(ConnectionClosed):
            list(iter(lambda: stream.recv(timeout=30), None))


def test_removing_a_person_from_the_list_closes_the_door_without_a_restart(tmp_path: Path) -> None:
    made = start(tmp_path, RULES)
    try:
        jar = cookies(made.port)
        assert status(made, "/_stcore/metrics", jar) == 200
        whole = made.secrets.read_text()
        made.secrets.write_text(whole.replace('"ana@example.com", ', ""))
        wait_for(lambda: status(made, "/_stcore/metrics", jar) == 401, seconds=60, why="the new list")
        made.secrets.write_text(whole)
        wait_for(lambda: status(made, "/_stcore/metrics", jar) == 200, seconds=60, why="the old list")
        for broken in ("[auth", "", None):  # sign-in stays on, whatever happens to the file
            if broken is None:
                made.secrets.unlink()
            else:
                made.secrets.write_text(broken)
            wait_for(lambda: status(made, "/_stcore/metrics", jar) == 401, seconds=60, why="the broken file")
            assert status(made, "/_stcore/metrics", {}) == 401
    finally:
        app_server.stop(made.process)


@pytest.mark.parametrize(
    ("access", "says"),
    [
        ("", "no rule says who has access"),
        ("[access]\nemails = []", "grants no access"),
        ("[access]\nemail = ['a@b.c']", "does not exist: email"),
        ("[access", "cannot be read"),
    ],
)
def test_with_sign_in_and_without_a_rule_the_app_does_not_start(
    tmp_path: Path, access: str, says: str
) -> None:
    secrets = write_secrets(tmp_path / "secrets.toml", 1, access)
    ended = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "STREAMLIT_SECRETS_FILES": str(secrets), "REDDY_LEDGER": str(tmp_path / "l.sqlite"),
             "STREAMLIT_SERVER_PORT": str(free_port())},
    )  # fmt: skip
    assert ended.returncode != 0
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
