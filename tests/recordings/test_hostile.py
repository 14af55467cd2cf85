"""Hostile names and addresses: none opens anything. A real folder with real links, pipes and sockets; a real server."""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from reddy_lib.allowed_hosts import AllowedHosts, check_address, check_number
from reddy_lib.api.fetching import fetch_recording
from reddy_lib.errors import RecordingError, RecordingNotFound, RecordingRefused
from reddy_lib.recordings.inspect import inspect_recording
from reddy_lib.recordings.matching import match_recordings
from reddy_lib.recordings.shared_folder import RecordingFolder
from reddy_lib.recordings.store import RecordingStore

SECRET = b"a secret that no recording is"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[RecordingFolder]:
    """One recording, and around it everything that must not be reached."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.wav").write_bytes(SECRET)
    (outside / "call.wav").write_bytes(SECRET)
    (tmp_path / "secret.wav").write_bytes(SECRET)
    inside = tmp_path / "recordings"
    (inside / "2026" / "july").mkdir(parents=True)
    (inside / "2026" / "call.wav").write_bytes(b"RIFF")
    (inside / "link.wav").symlink_to(outside / "secret.wav")
    (inside / "relative.wav").symlink_to("../secret.wav")
    (inside / "inner.wav").symlink_to("2026/call.wav")
    (inside / "dangling.wav").symlink_to("nowhere.wav")
    (inside / "loop.wav").symlink_to("loop.wav")
    (inside / "device.wav").symlink_to("/dev/zero")
    (inside / "process.wav").symlink_to("/proc/self/environ")
    (inside / "away").symlink_to(outside, target_is_directory=True)
    (inside / "up").symlink_to("..", target_is_directory=True)
    (inside / "2026" / "again").symlink_to(inside, target_is_directory=True)
    (inside / "folder.wav").mkdir()
    (inside / ".hidden.wav").write_bytes(SECRET)
    (inside / ".git").mkdir()
    (inside / ".git" / "x.wav").write_bytes(SECRET)
    (inside / "secrets.toml").write_bytes(SECRET)
    (inside / "id_rsa").write_bytes(SECRET)
    os.mkfifo(inside / "pipe.wav")
    here = os.getcwd()
    listener = socket.socket(socket.AF_UNIX)
    os.chdir(inside)  # the path of a socket may not be long
    try:
        listener.bind("socket.wav")
    finally:
        os.chdir(here)
    yield RecordingFolder(inside)
    listener.close()


NAMES = [
    "../secret.wav", "../outside/secret.wav", "2026/../../secret.wav", "2026/../../../etc/passwd.wav",
    "./../secret.wav", "..", ".", "", "/", "//", "/..", "../", "..\\secret.wav", "2026\\..\\..\\secret.wav",
    "....//secret.wav", ".../secret.wav", "..;/secret.wav", "..%2fsecret.wav", "%2e%2e/secret.wav",
    "%2e%2e%2fsecret.wav", "..%5csecret.wav", "%2e%2e%5csecret.wav", "%252e%252e%252fsecret.wav",
    "..%c0%afsecret.wav", "..%255csecret.wav", "%c0%ae%c0%ae/secret.wav", "．．/secret.wav", "‥/secret.wav",
    "..∕secret.wav", "..⧵secret.wav", "2026/%2e%2e/%2e%2e/secret.wav", " ../secret.wav", "\t../secret.wav",
    "../secret.wav\u0000.wav", "secret.wav\u0000", "\u0000", "2026/call.wav\u0000.txt",
    "2026/call.wav\n../secret.wav", "2026\n/call.wav", "/etc/passwd", "/etc/passwd.wav", "/proc/self/environ",
    "/proc/self/fd/0", "/proc/self/mem.wav", "/dev/zero", "/dev/stdin.wav", "/dev/random", "/dev/tty",
    "/dev/fd/0", "/sys/kernel.wav", "/secret.wav", "//etc/passwd.wav", "///etc//passwd.wav", "~/secret.wav",
    "~root/.ssh/id_rsa.wav", "$HOME/secret.wav", "${HOME}/secret.wav", "%HOME%/secret.wav", "`id`.wav",
    "$(id).wav", "link.wav", "relative.wav", "inner.wav", "dangling.wav", "loop.wav", "device.wav",
    "process.wav", "LINK.WAV", "./link.wav", "link", "away/secret.wav", "away", "away/",
    "up/secret.wav", "up/outside/secret.wav", "up/recordings/up/secret.wav", "2026/again/link.wav",
    "2026/again/away/secret.wav", "folder.wav", "folder.wav/", "folder.wav/..", "pipe.wav", "socket.wav",
    "PIPE.wav", "./pipe.wav", "2026", "2026/", "2026/july", ".hidden.wav", ".git/x.wav", "secrets.toml",
    "id_rsa", "2026/july/..", "C:\\Windows\\System32\\config\\SAM.wav", "C:secret.wav", "c:/secret.wav",
    "C:..\\secret.wav", "\\\\server\\share\\secret.wav", "\\\\?\\C:\\secret.wav", "\\\\.\\pipe\\secret.wav",
    "\\\\.\\PhysicalDrive0", "\\\\?\\UNC\\server\\share\\secret.wav", "\\\\localhost\\c$\\secret.wav",
    "//server/share/secret.wav", "CON", "CON.wav", "NUL", "nul.wav", "COM1.wav", "LPT1.wav", "AUX",
    "secret.wav::$DATA", "secret.wav:stream.wav", "secret.wav.", "secret.wav ", "SECRET~1.WAV",
    "file:///etc/passwd", "file:///secret.wav", "file:secret.wav", "FILE:///etc/passwd.wav",
    "file://localhost/etc/passwd.wav", "file:\\\\\\secret.wav", "ftp://host/secret.wav",
    "smb://host/secret.wav", "jar:file:///secret.wav!/x.wav", "data:audio/wav;base64,AAAA",
    "gopher://127.0.0.1/secret.wav", "php://filter/resource=secret.wav", "concat:a.wav|../secret.wav",
    "subfile,,start,0,end,9,,:secret.wav", "pipe:0", "fd:0", "cache:secret.wav", "-i secret.wav", "--help",
    "|id", "; id", "*", "*.wav", "?ecret.wav", "[s]ecret.wav", "**/secret.wav", "secret.wav",
    "call.wav/secret.wav", "2026/call.wav/..", "2026/call.wav/../../../secret.wav", "a" * 5_000,
    "a/" * 3_000 + "secret.wav", "\u202e.wav", "\ud800.wav", "\ufeff../secret.wav", "..\u200b/secret.wav",
    "=cmd|' /C calc'!A0", "http://127.0.0.1/../secret.wav", "https://x.example/%2e%2e/secret.wav",
    "https:///../secret.wav",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_no_name_opens_anything(number: int, folder: RecordingFolder) -> None:
    """Neither as a key of the folder or of the store, nor as what a sheet calls a recording."""
    name = NAMES[number]
    for where in (folder, RecordingStore(folder.folder.parent / "store")):
        with pytest.raises((RecordingRefused, RecordingNotFound)):
            where.open(name)
    sheet = pd.DataFrame({"filename": pd.Series([name], [2], dtype=object)})
    assert match_recordings(sheet, folder.recordings()).recording(2) is None


def test_what_is_there_is_found_and_opened(folder: RecordingFolder) -> None:
    """The other half of the test above: it is not passed by finding nothing at all."""
    (listed,) = folder.recordings()
    assert (listed.key, listed.size) == ("2026/call.wav", 4)
    with folder.open("2026/call.wav") as file:
        assert file.read() == b"RIFF"
    for name in (
        "call.wav",
        "CALL.WAV",
        "D:\\rec\\call.wav",
        "/mnt/2026/Call.mp3",
        "https://x.example/2026/call.wav?t=1",
        "away/call.wav",
        "call",
    ):
        matches = match_recordings(pd.DataFrame({"filename": [name]}, index=[2]), folder.recordings())
        assert matches.recording(2) == listed, name


def test_a_folder_that_becomes_a_link_while_it_is_read_leads_nowhere(folder: RecordingFolder) -> None:
    """Exchanged back and forth all the time: what is read is the recording, or nothing, and never what is outside."""
    inside = folder.folder
    (inside / "day").mkdir()
    (inside / "day" / "call.wav").write_bytes(b"RIFF")
    stop = threading.Event()

    def exchange() -> None:
        other = inside / "other"
        while not stop.is_set():
            (inside / "day").rename(other)
            (inside / "day").symlink_to(inside.parent / "outside", target_is_directory=True)
            (inside / "day").unlink()
            other.rename(inside / "day")

    thread = threading.Thread(target=exchange)
    thread.start()
    seen = set()
    try:
        for _ in range(3_000):
            with suppress(RecordingError), folder.open("day/call.wav") as file:
                seen.add(file.read())
    finally:
        stop.set()
        thread.join()
    assert seen <= {b"RIFF"}
    with folder.open("day/call.wav") as file:
        assert file.read() == b"RIFF"


def test_a_file_that_becomes_a_pipe_does_not_keep_anybody_waiting(folder: RecordingFolder) -> None:
    listed = folder.recordings()
    path = folder.folder / listed[0].key
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RecordingRefused, match="not a plain file"):
        folder.open(listed[0].key)
    path.unlink()
    with pytest.raises(RecordingNotFound, match="no longer exists"):
        folder.open(listed[0].key)


# --- addresses ---------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[tuple[int, list[str]]]:
    """A real server on this machine, which must see no request: its port, and what it saw."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(SECRET)

        def log_message(self, *_: object) -> None: ...

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield running.server_address[1], seen
    running.shutdown()
    thread.join()
    running.server_close()


PUBLIC = AllowedHosts.of(
    ["rec.example", "xn--rec-dma.example", "127.0.0.1", "[::1]", "localhost", "169.254.169.254", "10.0.0.5"]
)
ADDRESSES = [
    "http://other.example:{port}/a.wav", "http://rec.example.evil.example:{port}/a.wav",
    "http://evilrec.example:{port}/a.wav", "http://rec.example:{port}/a.wav",
    "http://sub.rec.example:{port}/a.wav", "http://rec.example..:{port}/a.wav", "http://127.0.0.1/a.wav",
    "http://127.0.0.1:{port}/a.wav", "http://localhost/a.wav", "http://localhost:{port}/a.wav",
    "http://[::1]/a.wav", "http://[::1]:{port}/a.wav", "http://10.0.0.5/a.wav",
    "http://169.254.169.254/latest/meta-data/a.wav", "http://2130706433:{port}/a.wav",
    "http://0x7f000001:{port}/a.wav", "http://017700000001:{port}/a.wav", "http://0x7f.1:{port}/a.wav",
    "http://127.1:{port}/a.wav", "http://127.0.1:{port}/a.wav", "http://0177.0.0.1:{port}/a.wav",
    "http://0x7f.0x0.0x0.0x1:{port}/a.wav", "http://127.0.0.01:{port}/a.wav",
    "http://127.000.000.001:{port}/a.wav", "http://127.0.0.1.:{port}/a.wav", "http://0:{port}/a.wav",
    "http://0.0.0.0:{port}/a.wav", "http://127.0.0.257:{port}/a.wav", "http://１２７.０.０.１:{port}/a.wav",
    "http://①②⑦.0.0.1:{port}/a.wav", "http://127。0。0。1:{port}/a.wav",
    "http://[::ffff:127.0.0.1]:{port}/a.wav", "http://[::ffff:7f00:1]:{port}/a.wav",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/a.wav", "http://[::127.0.0.1]:{port}/a.wav",
    "http://[::]:{port}/a.wav", "http://[::1%25lo]:{port}/a.wav", "http://[::1%lo]:{port}/a.wav",
    "http://[fe80::1%25eth0]:{port}/a.wav", "http://[64:ff9b::7f00:1]:{port}/a.wav",
    "http://[2002:7f00:1::]:{port}/a.wav", "http://[fd00:ec2::254]/a.wav", "http://[::1:{port}/a.wav",
    "http://::1:{port}/a.wav", "http://127.0.0.1%00.rec.example:{port}/a.wav",
    "http://127%2e0%2e0%2e1:{port}/a.wav", "http://localhost.:{port}/a.wav", "http://LOCALHOST:{port}/a.wav",
    "http://localhoſt:{port}/a.wav", "http://rec.example%2f@127.0.0.1:{port}/a.wav",
    "http://rec.example@127.0.0.1:{port}/a.wav", "http://user:pass@rec.example/a.wav",
    "http://rec.example:80@127.0.0.1:{port}/a.wav", "http://@127.0.0.1:{port}/a.wav",
    "http://:@rec.example/a.wav", "http://rec.example#@127.0.0.1:{port}/a.wav",
    "http://rec.example\\@127.0.0.1:{port}/a.wav", "http:\\\\127.0.0.1:{port}\\a.wav",
    "http:/127.0.0.1:{port}/a.wav", "http:127.0.0.1:{port}/a.wav", "http:///127.0.0.1:{port}/a.wav",
    "http:////127.0.0.1:{port}/a.wav", "//127.0.0.1:{port}/a.wav", "///127.0.0.1:{port}/a.wav",
    "127.0.0.1:{port}/a.wav", "http://127.0.0.1:{port}:80/a.wav", "http://127.0.0.1:0{port}/a.wav",
    "http://127.0.0.1:+{port}/a.wav", "http://127.0.0.1: {port}/a.wav", "http://127.0.0.1:99999/a.wav",
    "http://127.0.0.1:0/a.wav", "http://127.0.0.1:-1/a.wav", "http://127.0.0.1 .rec.example:{port}/a.wav",
    "http://127.0.0.1\t:{port}/a.wav", "http://127.0.0.1\r\nHost: rec.example:{port}/a.wav",
    "http://rec.example\r\nX: y/a.wav", "http://rec.example/a.wav\r\nX-Evil: 1",
    "http://rec.example\u0000.evil.example/a.wav", "http://-rec.example/a.wav", "http://rec_.-.example/a.wav",
    "http:// 127.0.0.1:{port}/a.wav", "ht\ntp://127.0.0.1:{port}/a.wav", "http://", "https://",
    "http://:80/a.wav", "http://[]/a.wav", "http://[v1.x]/a.wav", "http://" + "a" * 300 + ".example/a.wav",
    "http://rec.example/" + "a" * 9_000, "file:///etc/passwd", "file://rec.example/etc/passwd",
    "FILE:///etc/passwd", "ftp://rec.example/a.wav", "gopher://127.0.0.1:{port}/_GET",
    "dict://127.0.0.1:{port}/", "ldap://127.0.0.1:{port}/", "jar:http://127.0.0.1:{port}/a!/",
    "data:audio/wav;base64,AAAA", "javascript:1", "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/a.wav", "ws://127.0.0.1:{port}/", "s3://bucket/a.wav",
    "view-source:http://127.0.0.1:{port}/a.wav", "url:http://127.0.0.1:{port}/",
    "blob:http://127.0.0.1:{port}/", "about:blank", "", " ",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(ADDRESSES)))
def test_no_address_is_asked(number: int, server: tuple[int, list[str]], tmp_path: Path) -> None:
    port, seen = server
    store = RecordingStore(tmp_path / "store")
    allowed = AllowedHosts(PUBLIC.public | {f"127.0.0.1:{port}", f"[::1]:{port}", f"localhost:{port}"})

    def to_this_machine(host: str, _: int) -> list[str]:
        """A name server that sends every name to this machine; numbers are themselves."""
        with suppress(ValueError):
            return [str(ipaddress.ip_address(host))]
        return ["127.0.0.1"]

    with pytest.raises(RecordingRefused) as told:
        fetch_recording(
            ADDRESSES[number].replace("{port}", str(port)), store, allowed, resolver=to_this_machine
        )
    assert seen == []
    assert store.recordings() == []
    assert "pass" not in str(told.value).replace("password", "")


def test_nothing_is_asked_where_no_host_is_listed(server: tuple[int, list[str]], tmp_path: Path) -> None:
    port, seen = server
    with pytest.raises(RecordingRefused, match="REDDY_AUDIO_HOSTS"):
        fetch_recording(f"http://127.0.0.1:{port}/a.wav", RecordingStore(tmp_path), AllowedHosts())
    assert seen == []


NUMBERS = [
    "127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1",
    "100.64.0.1", "0.0.0.0", "0.1.2.3", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9",
    "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd12::1",
    "ff02::1", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::",
    "2002:c0a8:101::1", "::10.0.0.1", "2001:0:7f00:1:0:0:f5ff:fffe", "169.254.169.254", "100.100.100.200",
    "fd00:ec2::254", "168.63.129.16",
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_no_number_that_is_not_public_is_connected_to(number: str) -> None:
    with pytest.raises(RecordingRefused):
        check_number(ipaddress.ip_address(number), private=False)


@pytest.mark.parametrize(
    "number",
    ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "168.63.129.16", "224.0.0.1", "ff02::1", "0.0.0.0", "::",
     "255.255.255.255", "64:ff9b::a9fe:a9fe"],
)  # fmt: skip
def test_credentials_of_clouds_and_multicast_are_never_asked(number: str) -> None:
    with pytest.raises(RecordingRefused):
        check_number(ipaddress.ip_address(number), private=True)


@pytest.mark.parametrize("number", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_numbers_are_allowed(number: str) -> None:
    check_number(ipaddress.ip_address(number), private=False)


@pytest.mark.parametrize("number", ["127.0.0.1", "10.0.0.5", "fd12::1", "169.254.7.7"])
def test_private_numbers_are_allowed_to_hosts_that_are_listed_so(number: str) -> None:
    check_number(ipaddress.ip_address(number), private=True)


def test_the_setting_reads_names_and_refuses_what_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDDY_AUDIO_HOSTS", "Rec.Example., cdn.example:8443  xn--rec-dma.example")
    monkeypatch.setenv("REDDY_AUDIO_PRIVATE_HOSTS", "nas.local,[fd12::1]:8080")
    allowed = AllowedHosts.from_environment()
    assert allowed.public == {"rec.example", "cdn.example:8443", "xn--rec-dma.example"}
    assert allowed.private == {"nas.local", "[fd12::1]:8080"}
    target = check_address("HTTPS://REC.example/a/b%20c.wav?sig=1#x", allowed)
    assert (target.host, target.port, target.path, target.private) == (
        "rec.example",
        443,
        "/a/b%20c.wav?sig=1",
        False,
    )
    assert "sig" not in repr(target)
    for wrong in (
        "*",
        "*.example",
        "https://rec.example",
        "rec.example/a",
        "a@b",
        "0x7f.1",
        "127.1",
        "",
        "bücher.example",
    ):
        with pytest.raises(ValueError, match="not the name of a host"):
            AllowedHosts.of([wrong])


@pytest.mark.parametrize("table", [b"stsz" + bytes(4) + b"\0\0\0\1", b"trun" + bytes(4)])
def test_a_table_that_promises_more_pieces_than_bytes_is_not_decoded(table: bytes) -> None:
    head = b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom" + bytes(100)
    found = inspect_recording(head + table + (20_000_000).to_bytes(4, "big"), name="a.m4a")
    assert [one.code for one in found.findings] == ["recording-unreadable"]
    assert "declares more samples than it has bytes" in found.findings[0].message
