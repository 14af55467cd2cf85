"""Recordings go to their own address, without the token, and that address is a secret."""

from __future__ import annotations

import io
import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2 as httpx
import msgspec
import pytest

from reddy_lib.api import Client, Receipt
from reddy_lib.errors import APIError, Doubtful, NeverSent, Refused, Unauthorized
from reddy_lib.model import Call, content_type_of
from reddy_lib.sandbox import Fault, Sandbox

TOKEN = "token-that-nobody-may-see"
SECRET = "k3yT0TheRec0rding"
CALL = Call(agent_email="ana@example.com", product_id=1, conversation_id="c-1", filename="call.m4a")
SOUND = bytes(range(256)) * 4000


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(token=TOKEN) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with Client(TOKEN, base_url=sandbox.url, headers={"X-Use-K8s": "true"}) as client:
        yield client


def receipt_for(
    url: str = f"https://files.example/upload/{SECRET}?signature={SECRET}%2F&n=1",
    *,
    expires_at: float | None = None,
    filename: str | None = "call.m4a",
) -> Receipt:
    return Receipt(
        upload_id=7, conversation_id="c-1", upload_url=url, expires_at=expires_at, filename=filename
    )


def client_of(answer: httpx.Response | Exception, seen: list[httpx.Request] | None = None) -> Client:
    def handle(request: httpx.Request) -> httpx.Response:
        request.read()
        if seen is not None:
            seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Client(TOKEN, transport=httpx.MockTransport(handle), headers={"X-Use-K8s": "true"})


def failure_of(answer: httpx.Response | Exception) -> APIError:
    with pytest.raises(APIError) as caught:
        client_of(answer).upload_audio(receipt_for(), SOUND)
    return caught.value


class TestArriving:
    def test_a_file_arrives_whole(self, sandbox: Sandbox, client: Client, tmp_path: Path) -> None:
        path = tmp_path / "call.m4a"
        path.write_bytes(SOUND)
        receipt = client.create_call(CALL)
        assert receipt.expires_at is not None
        assert 3500 < receipt.expires_at - time.time() <= 3600
        client.upload_audio(receipt, path)
        assert receipt.upload_id is not None
        assert sandbox.audio == {receipt.upload_id: SOUND}
        assert sandbox.received[0]["audio"]["content_type"] == "audio/mp4"

    @pytest.mark.parametrize(
        "audio",
        [
            lambda path: str(path),
            lambda path: path.read_bytes(),
            lambda path: path.open("rb"),
            lambda path: io.BytesIO(path.read_bytes()),
            lambda path: Trickle(path.read_bytes()),
        ],
        ids=["path as text", "bytes", "open file", "file in memory", "stream without an end"],
    )
    def test_paths_bytes_and_files_all_arrive_the_same(
        self, sandbox: Sandbox, client: Client, tmp_path: Path, audio: Callable[[Path], object]
    ) -> None:
        path = tmp_path / "call.m4a"
        path.write_bytes(SOUND)
        receipt = client.create_call(CALL)
        given = audio(path)
        client.upload_audio(receipt, given)
        assert list(sandbox.audio.values()) == [SOUND]
        if isinstance(given, io.IOBase):
            assert not given.closed, "the caller's file is the caller's to close"
            given.close()

    def test_an_open_file_is_sent_from_where_it_stands(self, sandbox: Sandbox, client: Client) -> None:
        file = io.BytesIO(b"headerSOUND")
        file.seek(6)
        client.upload_audio(client.create_call(CALL), file)
        assert list(sandbox.audio.values()) == [b"SOUND"]

    def test_an_upload_may_be_repeated_after_doubt(self, sandbox: Sandbox, client: Client) -> None:
        receipt = client.create_call(CALL)
        sandbox.faults.add(Fault(kind="hang-up", on="upload", times=1, processed=True))
        with pytest.raises(Doubtful):
            client.upload_audio(receipt, SOUND)
        client.upload_audio(receipt, SOUND)
        assert list(sandbox.audio.values()) == [SOUND]
        assert sandbox.requests["upload"] == 2
        assert len(sandbox.received) == 1

    def test_a_large_recording_is_streamed(self, tmp_path: Path) -> None:
        """It is read in small parts only: no whole copy in memory."""
        reading: list[int] = []

        class Watched(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                reading.append(size or -1)
                return super().read(size)

        client_of(httpx.Response(200)).upload_audio(receipt_for(), Watched(SOUND))
        assert len(reading) > 10
        assert 0 < max(reading) <= 64 * 1024


class TestRequest:
    def asked(self, audio: bytes | io.BytesIO = SOUND, **receipt: str | None) -> httpx.Request:
        seen: list[httpx.Request] = []
        client_of(httpx.Response(201), seen).upload_audio(receipt_for(**receipt), audio)
        (request,) = seen
        return request

    def test_it_is_a_put_without_the_token_or_any_header_of_the_client(self) -> None:
        request = self.asked()
        assert request.method == "PUT"
        assert set(request.headers) == {"host", "content-type", "content-length", "user-agent"}
        assert request.headers["content-length"] == str(len(SOUND))
        assert TOKEN not in repr(request.headers.raw)

    def test_the_address_is_used_as_it_came(self) -> None:
        assert str(self.asked().url) == receipt_for().upload_url

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("a.m4a", "audio/mp4"),
            ("a.MP4", "audio/mp4"),
            ("a.mp3", "audio/mpeg"),
            ("a.b.wav", "audio/wav"),
            ("a.ogg", "audio/ogg"),
            ("a.flac", "audio/flac"),
            ("a.webm", "audio/webm"),
            ("a.xyz", "audio/mp4"),
            ("a", "audio/mp4"),
            ("", "audio/mp4"),
            (None, "audio/mp4"),
        ],
    )
    def test_the_content_type_follows_the_file_name(self, name: str | None, kind: str) -> None:
        assert content_type_of(name) == kind
        assert self.asked(filename=name).headers["content-type"] == kind


class TestRefusing:
    def test_without_an_address_nothing_is_sent(self, sandbox: Sandbox, client: Client) -> None:
        receipt = client.create_call(msgspec.structs.replace(CALL, filename=None))
        with pytest.raises(Refused, match="with a file name"):
            client.upload_audio(receipt, SOUND)
        assert sandbox.requests["upload"] == 0

    def test_after_the_address_expired_nothing_is_sent(self) -> None:
        seen: list[httpx.Request] = []
        with pytest.raises(Refused, match="has expired") as caught:
            client_of(httpx.Response(200), seen).upload_audio(receipt_for(expires_at=time.time() - 1), SOUND)
        assert seen == []
        assert not caught.value.possibly_processed

    def test_before_it_expires_it_is_sent(self) -> None:
        client_of(httpx.Response(200)).upload_audio(receipt_for(expires_at=time.time() + 60), SOUND)

    def test_an_expired_address_that_only_the_server_knows_of_is_said_clearly(self) -> None:
        now = [1000.0]
        with (
            Sandbox(token=TOKEN, upload_seconds=60, clock=lambda: now[0]) as sandbox,
            Client(TOKEN, base_url=sandbox.url) as client,
        ):
            receipt = client.create_call(CALL)
            now[0] += 61
            with pytest.raises(Refused, match="probably expired") as caught:
                client.upload_audio(receipt, SOUND)
        assert (caught.value.status, caught.value.server_message) == (410, "upload address expired")

    @pytest.mark.parametrize("status", [401, 403, 404, 410])
    def test_a_refused_upload_says_nothing_about_the_token(self, status: int) -> None:
        error = failure_of(httpx.Response(status, json={"error": "Request has expired"}))
        assert type(error) is Refused
        assert not isinstance(error, Unauthorized)
        assert error.server_message == "Request has expired"

    def test_a_recording_never_goes_over_an_open_line_where_the_call_did_not(self) -> None:
        with pytest.raises(Refused, match="not encrypted"):
            client_of(httpx.Response(200)).upload_audio(receipt_for("http://files.example/u"), SOUND)

    def test_a_file_that_is_not_there_or_empty_is_said_before_anything_is_sent(self, tmp_path: Path) -> None:
        seen: list[httpx.Request] = []
        client = client_of(httpx.Response(200), seen)
        with pytest.raises(NeverSent, match=r"missing\.m4a cannot be opened"):
            client.upload_audio(receipt_for(), tmp_path / "missing.m4a")
        (tmp_path / "empty.m4a").touch()
        for nothing in (tmp_path / "empty.m4a", b"", io.BytesIO()):
            with pytest.raises(NeverSent, match="is empty"):
                client.upload_audio(receipt_for(), nothing)
        assert seen == []

    @pytest.mark.parametrize("url", ["nonsense", "ftp://files.example/u", "https://files.example:port/u"])
    def test_an_address_that_cannot_be_used_is_never_sent_to(self, url: str) -> None:
        with Client(TOKEN) as client, pytest.raises(NeverSent) as caught:
            client.upload_audio(receipt_for(url), SOUND)
        assert url not in str(caught.value)

    def test_redirects_are_not_followed(self) -> None:
        seen: list[httpx.Request] = []
        away = httpx.Response(307, headers={"location": "https://elsewhere.example/"})
        with pytest.raises(Refused):
            client_of(away, seen).upload_audio(receipt_for(), SOUND)
        assert len(seen) == 1

    @pytest.mark.parametrize("status", [202, 206, 500, 502])
    def test_other_answers_leave_it_open_whether_it_arrived(self, status: int) -> None:
        assert type(failure_of(httpx.Response(status))) is Doubtful

    def test_a_file_that_breaks_off_leaves_it_open_whether_it_arrived(
        self, sandbox: Sandbox, client: Client
    ) -> None:
        class Breaking(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                if self.tell():
                    raise OSError(5, "Input/output error")
                return super().read(1000)

        with pytest.raises(Doubtful, match="could not be read to its end"):
            client.upload_audio(client.create_call(CALL), Breaking(SOUND))
        assert sandbox.audio == {}


class TestSecrecy:
    ANSWERS = (
        httpx.ReadTimeout(f"late https://files.example/upload/{SECRET}"),
        httpx.ConnectError(f"refused https://files.example/upload/{SECRET}"),
        httpx.InvalidURL(f"https://files.example/upload/{SECRET}"),
        httpx.Response(500, text=f"cannot PUT /upload/{SECRET}?signature={SECRET}%2F"),
        httpx.Response(
            403, text=f"<title>expired: https://files.example/upload/{SECRET}?signature=x</title>"
        ),
        httpx.Response(400, json={"error": f"bad signature {SECRET}%2F"}),
        httpx.Response(202),
    )

    @pytest.mark.parametrize("answer", ANSWERS, ids=repr)
    def test_the_address_is_in_no_error_not_even_in_the_variables_of_its_traceback(
        self, answer: httpx.Response | Exception
    ) -> None:
        error = failure_of(answer)
        assert (error.__context__, error.__cause__) == (None, None)
        whole = traceback.TracebackException.from_exception(error, capture_locals=True)
        ours = [frame for frame in whole.stack if "reddy_lib" in frame.filename]
        shown = [str(error), repr(error), repr(vars(error))]
        shown += [f"{name}={value}" for frame in ours for name, value in (frame.locals or {}).items()]
        assert ours
        assert [text for text in shown if SECRET in text] == []

    def test_the_receipt_shows_neither_address_nor_secret(self) -> None:
        receipt = receipt_for()
        assert repr(receipt) == "<Receipt upload 7 · takes a recording>"
        assert repr(Receipt()) == "<Receipt without number · no recording expected>"
        assert SECRET not in f"{receipt} {[receipt]} {receipt.__rich_repr__()}"

    def test_the_address_is_in_no_log(
        self, sandbox: Sandbox, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for name in ("httpx2", "httpcore2.http11", "httpcore2.connection", "uvicorn.access"):
            caplog.set_level(logging.DEBUG, logger=name)
        receipt = client.create_call(CALL)
        client.upload_audio(receipt, SOUND)
        assert receipt.upload_url is not None
        assert receipt.upload_url.rsplit("/", 1)[1] not in caplog.text

    def test_a_server_that_takes_half_and_hangs_up_leaves_no_trace_of_the_address(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def take_half() -> None:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)

            thread = threading.Thread(target=take_half)
            thread.start()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/upload/{SECRET}"
            with Client(TOKEN, base_url="http://127.0.0.1:9") as client, pytest.raises(Doubtful) as caught:
                client.upload_audio(receipt_for(url), SOUND * 20)
            thread.join()
        assert SECRET not in "".join(traceback.format_exception(caught.value))


class Trickle:
    """Something to read from that cannot tell how much there is: a pipe, a download."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)
