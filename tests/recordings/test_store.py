"""Files that were dropped are kept whole, once, under names of ours; archives have limits; folders list their own."""

from __future__ import annotations

import hashlib
import io
import stat
import subprocess
import sys
import threading
import unicodedata
import zipfile
from pathlib import Path

import pytest

from reddy_lib.errors import RecordingError, RecordingNotFound, RecordingRefused
from reddy_lib.recordings.shared_folder import RecordingFolder
from reddy_lib.recordings.store import Recording, RecordingStore
from reddy_lib.recordings.zip_recordings import ZipLimits

CONTENT = b"RIFF" + bytes(range(256)) * 10_000


class Trickle(io.RawIOBase):
    """Gives its bytes in small pieces, and remembers the most that it was asked for at once."""

    def __init__(self, content: bytes) -> None:
        self.rest = io.BytesIO(content)
        self.most = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "asked for everything at once"
        self.most = max(self.most, size)
        return self.rest.read(min(size, 1_000))


def packed(*files: tuple[str, bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return file


@pytest.fixture
def store(tmp_path: Path) -> RecordingStore:
    return RecordingStore(tmp_path / "kept")


def files_of(store: RecordingStore) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir() if path.name != "names.jsonl")


# --- what was dropped --------------------------------------------------------------------------------------


def test_a_file_is_kept_under_the_hash_of_its_content_with_its_name_beside(store: RecordingStore) -> None:
    source = Trickle(CONTENT)
    kept = store.add(source, "Call 7 – Ünal.WAV")  # type: ignore[arg-type]
    key = hashlib.sha256(CONTENT).hexdigest() + ".wav"
    assert kept == Recording("dropped", key, "Call 7 – Ünal.WAV", len(CONTENT))
    assert source.most <= 1 << 20
    with store.open(key) as file:
        assert file.read() == CONTENT
    assert RecordingStore(store.folder).recordings() == [kept]
    assert repr(store) == "<RecordingStore · 1 recordings>"


def test_nobody_else_on_the_machine_reads_what_is_kept(store: RecordingStore) -> None:
    kept = store.add(io.BytesIO(CONTENT), "a.wav")
    for path in (store.folder, store.folder / kept.key, store.folder / "names.jsonl"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.wav", "passwd.wav"),
        ("C:\\rec\\a.wav", "a.wav"),
        ("a\x00b\n.wav", "a\ufffdb\ufffd.wav"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("\ud800.wav", "?.wav"),
        (unicodedata.normalize("NFD", "é.wav"), "é.wav"),
    ],
)
def test_a_hostile_name_is_only_shown(store: RecordingStore, name: str, shown: str) -> None:
    assert store.add(io.BytesIO(CONTENT), name).name == shown
    (file,) = files_of(store)
    assert file.startswith(hashlib.sha256(CONTENT).hexdigest())
    assert [one.name for one in store.recordings()] == [shown]


def test_the_same_content_is_kept_once_under_each_of_its_names(store: RecordingStore) -> None:
    for name in ("a.wav", "b.wav", "a.wav"):
        store.add(io.BytesIO(CONTENT), name)
    assert len(files_of(store)) == 1
    assert [one.name for one in store.recordings()] == ["a.wav", "b.wav"]


def test_a_path_and_an_open_file_bring_their_names(store: RecordingStore, tmp_path: Path) -> None:
    path = tmp_path / "call.mp3"
    path.write_bytes(CONTENT)
    assert store.add(path).name == "call.mp3"
    with path.open("rb") as file:
        assert store.add(file).name == "call.mp3"
    with pytest.raises(RecordingError, match=r"gone\.mp3 cannot be read"):
        store.add(tmp_path / "gone.mp3")


def test_a_file_that_is_too_long_leaves_nothing(tmp_path: Path) -> None:
    store = RecordingStore(tmp_path / "kept", largest=len(CONTENT) - 1)
    with pytest.raises(RecordingError, match="longer than"):
        store.add(io.BytesIO(CONTENT), "a.wav")
    assert files_of(store) == []
    assert store.recordings() == []


def test_a_source_that_breaks_off_leaves_nothing(store: RecordingStore) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(RecordingError, match="could not be kept"):
        store.add(Broken(), "a.wav")  # type: ignore[arg-type]
    assert files_of(store) == []


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """A real limit: this process may not write files of more than 100 kB."""
    script = (
        "import io, resource, signal, sys\n"
        "from reddy_lib.recordings.store import RecordingStore\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "store = RecordingStore(sys.argv[1])\n"
        "try: store.add(io.BytesIO(b'x' * 500_000), 'a.wav')\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "kept")], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("RecordingError a.wav could not be kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_process_that_is_killed_while_it_writes_leaves_no_recording(tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from reddy_lib.recordings.store import RecordingStore\n"
        "class Source:\n"
        "    n = 0\n"
        "    def read(self, size):\n"
        "        self.n += 1\n"
        "        if self.n > 3: os.kill(os.getpid(), 9)\n"
        "        return b'x' * size\n"
        "store = RecordingStore(sys.argv[1])\n"
        "store.add(Source(), 'a.wav')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert done.returncode == -9
    store = RecordingStore(tmp_path)
    assert store.recordings() == []
    assert all(name.startswith("arriving-") for name in files_of(store))
    kept = store.add(io.BytesIO(CONTENT), "a.wav")
    assert store.recordings() == [kept]


def test_a_name_that_broke_off_spoils_no_other(store: RecordingStore) -> None:
    first = store.add(io.BytesIO(CONTENT), "a.wav")
    with (store.folder / "names.jsonl").open("ab") as file:
        file.write(b'\n{"place":"dropped","key":"12')
    second = store.add(io.BytesIO(b"other"), "b.wav")
    assert store.recordings() == [first, second]


def test_many_threads_add_at_once(store: RecordingStore) -> None:
    def add(number: int) -> None:
        for copy in range(5):
            store.add(io.BytesIO(b"%d" % (copy % 3) * 5_000), f"{number}-{copy}.wav")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.recordings()) == 30
    assert len(files_of(store)) == 3


def test_what_is_discarded_is_gone_under_all_its_names(store: RecordingStore) -> None:
    kept = store.add(io.BytesIO(CONTENT), "a.wav")
    store.add(io.BytesIO(CONTENT), "b.wav")
    store.discard(kept.key)
    store.discard(kept.key)
    assert store.recordings() == []
    with pytest.raises(RecordingNotFound):
        store.open(kept.key)
    with pytest.raises(RecordingRefused):
        store.discard("../x.wav")


# --- archives ----------------------------------------------------------------------------------------------


def test_recordings_of_a_zip_are_kept_under_their_base_names(store: RecordingStore) -> None:
    link = zipfile.ZipInfo("link.wav")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    file = packed(
        ("2026/a.wav", CONTENT), ("..\\..\\b.mp3", b"b" * 99), ("/etc/c.ogg", b"c"), ("__MACOSX/2026/._a.wav", b"x"),
        ("notes.txt", b"x"), (".hidden.wav", b"x"), ("inner.zip", b"PK"),
    )  # fmt: skip
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    steps: list[tuple[int, int]] = []
    kept, passed_over = store.add_zip(file, progress=lambda done, of: steps.append((done, of)))
    assert [one.name for one in kept] == ["a.wav", "b.mp3", "c.ogg"]
    assert store.recordings() == kept
    assert [one.name for one in passed_over] == [
        "._a.wav",
        "notes.txt",
        ".hidden.wav",
        "inner.zip",
        "link.wav",
    ]
    assert passed_over[-1].why == "It is a link to another file."
    assert steps == [(1, 3), (2, 3), (3, 3)]
    with store.open(kept[0].key) as opened:
        assert opened.read() == CONTENT


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (ZipLimits(files=1), "more than 1 recordings"),
        (ZipLimits(total=5_000), "unpacks to more than"),
        (ZipLimits(ratio=2.0, free_ratio_below=10), "far more than it holds packed"),
    ],
)
def test_an_archive_beyond_a_limit_is_refused_and_nothing_of_it_is_kept(
    store: RecordingStore, limits: ZipLimits, words: str
) -> None:
    before = store.add(io.BytesIO(b"a" * 6_000), "before.wav")
    with pytest.raises(RecordingError, match=words):
        store.add_zip(packed(("a.wav", b"a" * 6_000), ("b.wav", b"b" * 6_000)), limits=limits)
    assert store.recordings() == [before]
    assert files_of(store) == [before.key]


def test_an_archive_that_lies_about_its_sizes_gets_no_more_than_it_said(store: RecordingStore) -> None:
    content = packed(("a.wav", b"a" * 3_000_000)).getvalue()
    small = content.replace((3_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert small != content
    with pytest.raises(RecordingError, match="damaged"):
        store.add_zip(io.BytesIO(small))
    assert files_of(store) == []


def test_a_damaged_archive_leaves_nothing_of_what_came_before(store: RecordingStore) -> None:
    content = bytearray(packed(("a.wav", CONTENT), ("b.wav", bytes(reversed(CONTENT)))).getvalue())
    middle = content.index(b"b.wav") + 400
    content[middle : middle + 50] = b"\xff" * 50
    with pytest.raises(RecordingError, match="damaged or cut off"):
        store.add_zip(io.BytesIO(bytes(content)))
    assert files_of(store) == []
    assert store.recordings() == []


def test_what_is_no_archive_is_told(store: RecordingStore) -> None:
    for content in (b"", b"RIFF", packed(("a.wav", CONTENT)).getvalue()[:500]):
        with pytest.raises(RecordingError, match="not a zip file"):
            store.add_zip(io.BytesIO(content))


def test_files_with_a_password_are_passed_over(store: RecordingStore) -> None:
    content = packed(("a.wav", CONTENT)).getvalue()
    at = content.index(b"PK\x01\x02") + 8
    locked = content[:at] + b"\x01" + content[at + 1 :]
    kept, passed_over = store.add_zip(io.BytesIO(locked))
    assert kept == []
    assert "password" in passed_over[0].why


# --- a folder of the server --------------------------------------------------------------------------------


def test_a_folder_lists_its_recordings_with_their_folders(tmp_path: Path) -> None:
    for name in ("b.wav", "2026/07/a.MP3", "2026/é.ogg", "2026/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
    folder = RecordingFolder(tmp_path)
    assert [one.key for one in folder.recordings()] == ["2026/07/a.MP3", "2026/é.ogg", "b.wav"]
    assert {one.place for one in folder.recordings()} == {"folder"}
    with folder.open("2026/07/a.MP3") as file:
        assert file.read() == b"12345"


def test_the_folder_is_off_unless_it_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("REDDY_AUDIO_FOLDER", raising=False)
    assert RecordingFolder.from_environment() is None
    monkeypatch.setenv("REDDY_AUDIO_FOLDER", " ")
    assert RecordingFolder.from_environment() is None
    monkeypatch.setenv("REDDY_AUDIO_FOLDER", str(tmp_path))
    folder = RecordingFolder.from_environment()
    assert folder is not None
    assert folder.folder == tmp_path.resolve()
    assert str(tmp_path.parent) not in repr(folder)
    for wrong in ("/", str(tmp_path / "gone"), sys.executable):
        monkeypatch.setenv("REDDY_AUDIO_FOLDER", wrong)
        with pytest.raises(RecordingError, match="REDDY_AUDIO_FOLDER"):
            RecordingFolder.from_environment()


def test_a_folder_may_itself_be_reached_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.wav").write_bytes(b"1")
    (tmp_path / "link").symlink_to("real", target_is_directory=True)
    folder = RecordingFolder(tmp_path / "link")
    with folder.open(folder.recordings()[0].key) as file:
        assert file.read() == b"1"


def test_an_archive_whose_names_share_their_bytes_or_that_unpacks_to_far_more_is_refused(
    store: RecordingStore,
) -> None:
    content = packed(("a.wav", CONTENT)).getvalue()
    start, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    counts = (50).to_bytes(2, "little") * 2 + (50 * (end - start)).to_bytes(4, "little")
    shared = content[:start] + content[start:end] * 50 + content[end : end + 8] + counts + content[end + 16 :]
    with pytest.raises(RecordingError, match="far more than the zip holds"):
        store.add_zip(io.BytesIO(shared))
    many = packed(*((f"{name}.wav", b"a" * 6_000) for name in "abc"))
    with pytest.raises(RecordingError, match="far more than the zip holds"):
        store.add_zip(many, limits=ZipLimits(ratio=2.0, free_ratio_total=10))
    assert files_of(store) == []
