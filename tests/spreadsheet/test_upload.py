"""A file that was handed in: whole, private, and gone when it is not needed any more."""

from __future__ import annotations

import gc
import hashlib
import io
import os
import tempfile
import zipfile
from pathlib import Path

import pytest

from reddy_lib.errors import UnreadableFile
from reddy_lib.spreadsheet.reading.upload import PrivateCopy, sweep, together


def test_a_copy_is_the_file_byte_for_byte_and_nobody_else_may_read_it() -> None:
    content = b"Agent,Talk\n" + b"x" * 3_000_000
    copy = PrivateCopy(io.BytesIO(content), "march.csv")
    assert copy.path.read_bytes() == content
    assert copy.size == len(content)
    assert copy.file_hash == hashlib.sha256(content).hexdigest()
    assert copy.path.parent.stat().st_mode & 0o077 == 0
    assert repr(copy) == "<PrivateCopy 'march.csv' · 3,000,011 bytes>"


def test_a_copy_is_removed_on_request_and_twice_does_no_harm() -> None:
    copy = PrivateCopy(io.BytesIO(b"x"), "march.csv")
    copy.remove()
    assert not copy.path.parent.exists()
    copy.remove()


def test_a_copy_that_nobody_holds_is_removed() -> None:
    copy = PrivateCopy(io.BytesIO(b"x"), "march.csv")
    folder = copy.path.parent
    del copy
    gc.collect()
    assert not folder.exists()


def test_two_copies_of_one_file_do_not_meet() -> None:
    first, second = (PrivateCopy(io.BytesIO(b"x"), "march.csv") for _ in range(2))
    assert first.path != second.path
    assert first.id != second.id
    assert first.file_hash == second.file_hash


def test_what_a_killed_program_left_behind_is_swept_up_after_a_day(tmp_path: Path) -> None:
    for name, age in (("reddy-load-old", 90_000), ("reddy-load-new", 80_000), ("somebody-elses", 90_000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "march.csv").write_text("x")
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    assert sweep(tmp_path, now=1_000_000) == 1
    assert sorted(left.name for left in tmp_path.iterdir()) == ["reddy-load-new", "somebody-elses"]
    assert sweep(tmp_path, now=1_000_000) == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("march.csv", "march.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Exports\\march.xlsx", "march.xlsx"),
        ("Anrufe März (2).xlsx", "Anrufe März (2).xlsx"),
        ("a\nb\x00.csv", "ab.csv"),
        ("..", "upload"),
        ("", "upload"),
        ("x" * 300 + ".xlsx", "x" * 30 + ".xlsx"),
        ("ü" * 300, "ü" * 30),
    ],
)
def test_the_name_on_disk_is_hers_without_folders_and_not_too_long(given: str, kept: str) -> None:
    copy = PrivateCopy(io.BytesIO(b"x"), given)
    assert copy.path.name == kept
    assert copy.file_name == given
    assert copy.path.exists()


# several files


def opened_files(**contents: bytes) -> list[tuple[io.BytesIO, str]]:
    return [(io.BytesIO(content), name.replace("_", ".")) for name, content in contents.items()]


def test_several_files_become_one_bundle_with_all_their_bytes() -> None:
    copy = together(opened_files(b_vtt=b"WEBVTT", a_txt=b"Agent: Hello."))
    assert copy.file_name == "a and 1 more file.zip"
    with zipfile.ZipFile(copy.path) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "a.txt": b"Agent: Hello.",
            "b.vtt": b"WEBVTT",
        }


def test_the_same_files_in_another_order_are_the_same_bundle() -> None:
    first = together(opened_files(a_txt=b"Agent: Hello.", b_txt=b"Agent: Hi."))
    second = together(opened_files(b_txt=b"Agent: Hi.", a_txt=b"Agent: Hello."))
    assert first.file_hash == second.file_hash
    assert first.file_hash != together(opened_files(a_txt=b"Agent: Hello.", b_txt=b"Agent: Ho.")).file_hash


def test_two_files_of_one_name_both_stay() -> None:
    copy = together([(io.BytesIO(b"one"), "x/call.txt"), (io.BytesIO(b"two"), "y/call.txt")])
    with zipfile.ZipFile(copy.path) as archive:
        assert archive.namelist() == ["call.txt", "call (2).txt"]
        assert [archive.read(name) for name in archive.namelist()] == [b"one", b"two"]


def test_a_bundle_is_named_after_the_sheet_about_its_files() -> None:
    assert together(opened_files(a_txt=b"Agent: Hi.", b_txt=b"x", march_csv=b"x")).file_name == (
        "march and 2 more files.zip"
    )


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"a_txt": b"x", "b_pdf": b"%PDF"}, "b.pdf is no transcript file and no spreadsheet"),
        ({"a_txt": b"x", "b_zip": b"PK"}, "b.zip is no transcript file and no spreadsheet"),
        (
            {"a_csv": b"x", "b_xlsx": b"x", "c_txt": b"x"},
            "2 spreadsheets were dropped together (a.csv, b.xlsx)",
        ),
        (
            {"a_txt": b"x", "b_json": b'[{"id": 1, "who": "a"}, {"id": 2, "who": "b"}]'},
            "b.json holds many calls",
        ),
    ],
)
def test_what_cannot_be_one_bundle_is_refused_and_leaves_nothing(
    files: dict[str, bytes], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(UnreadableFile) as caught:
        together(opened_files(**files))
    assert sentence in str(caught.value)
    assert list(tmp_path.iterdir()) == []
