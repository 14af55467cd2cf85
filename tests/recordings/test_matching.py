"""Which recording is whose: by name, by id, by pattern, by hand; doubt is said, and order changes nothing."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reddy_lib.errors import MappingError, RecordingNotFound
from reddy_lib.recordings.file_names import tails
from reddy_lib.recordings.matching import COLUMNS, Matches, match_recordings
from reddy_lib.recordings.store import Recording


def matched(rows: list[tuple[str, str]], files: list[str], **more: Any) -> Matches:
    """(file name, conversation id) of the rows 2, 3, …"""
    frame = pd.DataFrame(
        rows, columns=["filename", "conversation_id"], index=range(2, len(rows) + 2), dtype=object
    )
    return match_recordings(frame, files, **more)


def only(filename: str, conversation_id: str, files: list[str]) -> tuple[str, str, str]:
    """(status, how, recording) of one row."""
    line = matched([(filename, conversation_id)], files).table.iloc[0]
    return line["status"], line["how"], line["recording"]


@pytest.mark.parametrize(
    ("filename", "file", "how"),
    [
        ("a.wav", "a.wav", "file name"),
        ("A.WAV", "a.wav", "file name in another spelling"),
        ("É.wav", "e\u0301.wav", "file name in another spelling"),
        ("é.wav", "e\u0301.wav", "file name"),
        ("D:\\rec\\2026\\a.wav", "a.wav", "file name"),
        ("\\\\nas\\share\\a.wav", "2026/a.wav", "file name"),
        ("/mnt/rec/a.wav", "rec/a.wav", "file name"),
        ("https://pbx.example/rec/a%20b.wav?sig=1", "a b.wav", "file name"),
        ("a%20b.wav", "a%20b.wav", "file name"),
        ("a", "a.wav", "file name without its ending"),
        ("a.mp3", "a.wav", "file name without its ending"),
        ("rec/A.gsm", "a.gsm.wav", "file name without its ending"),
        ('"a.wav"', "a.wav", "file name"),
        ("call 7.2", "call 7.2.wav", "file name without its ending"),
    ],
)
def test_a_name_finds_its_file(filename: str, file: str, how: str) -> None:
    assert only(filename, "", [file, "other.wav"]) == ("matched", how, file)


@pytest.mark.parametrize("filename", ["b.wav", "a.wav.exe", "aa.wav", "a", "../rec/ab.wav", "rec/"])
def test_a_name_that_is_not_there_is_missing(filename: str) -> None:
    assert only(filename, "", ["ab.wav"])[0] == "missing"


def test_the_folder_decides_between_files_of_one_name() -> None:
    files = ["01/a.wav", "02/a.wav", "03/b.wav"]
    assert only("D:\\rec\\02\\a.wav", "", files) == ("matched", "file name", "02/a.wav")
    line = matched([("a.wav", "")], files).table.iloc[0]
    assert line["status"] == "doubtful"
    assert line["candidates"] == ("01/a.wav", "02/a.wav")
    assert line["why"] == "2 recordings match by file name: 01/a.wav, 02/a.wav."


def test_the_exact_spelling_comes_before_others() -> None:
    assert only("a.wav", "", ["A.wav", "a.wav"]) == ("matched", "file name", "a.wav")
    assert only("a.mp3", "", ["a.wav", "a.mp3"]) == ("matched", "file name", "a.mp3")


@pytest.mark.parametrize(
    "cell",
    ["", " ", "..", "../a.wav", "x/../a.wav", "x\\..\\a.wav", "..%2fa.wav", "x/%2e%2e/a.wav", ".. /a.wav", "a.wav\x00",
     "a\n.wav", "a%00.wav", "file:///a.wav", "ftp://x/a.wav", "smb:\\\\x\\a.wav", "rec/", "a" * 1_001,
     "https://x.example/../a.wav"],
)  # fmt: skip
def test_a_cell_that_leads_elsewhere_means_nothing(cell: str) -> None:
    assert tails(cell) == []


GUID = "05cec3d4-0561-4010-9fb8-23cc7edef146"


@pytest.mark.parametrize(
    ("conversation_id", "file", "fits"),
    [
        (GUID, f"{GUID}.mp3", True),
        (GUID.upper(), f"2026/call_{GUID}_agent.mp3", True),
        (GUID, GUID.replace("-", "_") + ".wav", True),
        (GUID[:8], f"{GUID}.mp3", False),
        (GUID[-12:], f"{GUID}.mp3", False),
        ("4010", f"{GUID}.mp3", False),
        ("123", "call_123.wav", True),
        ("123", "123-agent.wav", True),
        ("123", "call-123.wav", True),
        ("123", "call (123) ann.wav", True),
        ("123", "call1234.wav", False),
        ("123", "0123.wav", False),
        ("123", "2026-123.wav", False),
        ("conv-7", "x_conv-7_y.wav", True),
        ("conv-7", "x_conv-71_y.wav", False),
        ("conv-7", "conv-7-2.wav", False),
        ("AB.12", "ab.12.wav", True),
        ("", "call_123.wav", False),
        ("-", "call_123.wav", False),
        ("wav", "call.wav", False),
    ],
)
def test_an_id_stands_in_a_name_as_a_whole_or_not_at_all(conversation_id: str, file: str, fits: bool) -> None:
    expected = ("matched", "conversation id", file) if fits else ("none", "", "")
    assert only("", conversation_id, [file]) == expected


def test_an_id_inside_of_another_rows_longer_id_does_not_count() -> None:
    found = matched([("", "77"), ("", "77_12")], ["call_77_12.wav"])
    assert found.table["status"].tolist() == ["none", "matched"]


def test_two_files_with_one_id_and_one_file_with_two_ids_are_doubtful() -> None:
    found = matched([("", "123"), ("", "456"), ("", "789")], ["123_a.wav", "123_b.wav", "456_789.wav"])
    assert found.table["status"].tolist() == ["doubtful"] * 3
    assert found.counts() == {"matched": 0, "missing": 0, "doubtful": 3, "none": 0, "left over": 0}
    assert "2 rows (3, 4) match" in found.table["why"].iloc[1]


def test_the_same_content_for_two_rows_is_doubtful_whatever_its_names() -> None:
    files = [Recording("dropped", "k1", "a.wav", 5), Recording("dropped", "k1", "b.wav", 5)]
    frame = pd.DataFrame({"filename": ["a.wav", "b.wav"]}, index=[2, 3])
    assert match_recordings(frame, files).table["status"].tolist() == ["doubtful", "doubtful"]
    alone = match_recordings(frame.loc[[2]], files)
    assert alone.recording(2) == files[0]
    assert alone.counts()["left over"] == 0


def test_a_pattern_brings_values_and_time_together() -> None:
    rows = pd.DataFrame(
        {
            "agent_email": ["ann@x.example", "bob@x.example", "ann@x.example"],
            "timestamp": [
                1_774_892_760.0,
                1_774_892_760.0,
                1_774_979_160.0,
            ],  # 2026-03-30 17:46 UTC, a day later
        },
        index=[5, 6, 9],
    )
    files = [
        "Ann@x.example_2026-03-30T18-46.wav",
        "bob@x.example_20260330T184600.wav",
        "ann@x.example_2026-03-30T17-46Z.wav.txt",
        "nobody.wav",
    ]
    found = match_recordings(rows, files, pattern="{agent_email}_{date}T{time}.wav", timezone="Europe/London")
    assert [found.recording(row) and found.recording(row).name for row in (5, 6, 9)] == [
        files[0],
        files[1],
        None,
    ]  # type: ignore[union-attr]
    assert found.table["how"].tolist()[:2] == ["pattern", "pattern"]
    with pytest.raises(MappingError):
        match_recordings(rows, files, pattern="no value.wav")


def test_a_pattern_whose_values_are_no_columns_matches_nothing() -> None:
    assert matched([("", "")], ["x_1.wav"], pattern="{ticket}_{n}.wav").counts()["none"] == 1


def test_the_table_has_its_columns_also_when_nothing_is_there() -> None:
    empty = match_recordings(pd.DataFrame(), [])
    assert tuple(empty.table.columns) == COLUMNS
    assert str(empty.table["row"].dtype) == "Int64"
    assert repr(empty) == "<Matches 0 rows × 0 recordings · nothing>"
    left = match_recordings(pd.DataFrame(), ["b.wav", "a.wav"])
    assert left.table["recording"].tolist() == ["a.wav", "b.wav"]
    assert left.table["row"].isna().all()


def test_row_numbers_are_taken_from_the_index_or_a_column_and_must_be_their_own() -> None:
    frame = pd.DataFrame({"row": [7], "filename": ["a.wav"]})
    assert match_recordings(frame, ["a.wav"]).recording(7) is not None
    for wrong in (pd.DataFrame({"row": [7, 7]}), pd.DataFrame({"row": ["x"]})):
        with pytest.raises(ValueError, match="row number"):
            match_recordings(wrong, [])


def test_findings_name_the_row_and_the_file() -> None:
    found = list(matched([("gone.wav", ""), ("a.wav", ""), ("a.wav", "")], ["a.wav"]).findings())
    assert [(one.row, one.code, one.value) for one in found] == [
        (2, "recording-missing", "gone.wav"),
        (3, "recording-doubtful", "a.wav"),
        (4, "recording-doubtful", "a.wav"),
    ]
    assert found[0].message == "No recording named gone.wav was found (1 searched)."


# --- choices made by hand ----------------------------------------------------------------------------------


def test_a_choice_settles_a_doubt_and_frees_the_other_file() -> None:
    before = matched([("a.wav", ""), ("", ""), ("a.wav", "")], ["01/a.wav", "02/a.wav"])
    after = before.choose({2: "01/a.wav"})
    assert before.counts()["doubtful"] == 2
    assert [after.recording(row).name if after.recording(row) else None for row in (2, 3, 4)] == [  # type: ignore[union-attr]
        "01/a.wav",
        None,
        "02/a.wav",
    ]
    assert after.table["how"].tolist() == ["by hand", "", "file name"]
    assert after.choose({2: None}).table["status"].tolist() == ["none", "none", "doubtful"]


def test_a_file_chosen_for_two_rows_is_doubtful_for_both() -> None:
    found = matched([("", ""), ("", "")], ["a.wav"]).choose({2: "a.wav"}).choose({3: "a.wav"})
    assert found.table["status"].tolist() == ["doubtful", "doubtful"]


def test_a_choice_of_what_is_not_there_is_refused() -> None:
    found = matched([("", "")], ["a.wav"])
    for wrong in ({9: "a.wav"}, {2: "b.wav"}, {2: Recording("dropped", "x", "y")}):
        with pytest.raises(RecordingNotFound):
            found.choose(wrong)  # type: ignore[arg-type]


# --- for all of them ---------------------------------------------------------------------------------------

names = st.text(alphabet="ab1-_./%", max_size=6)


@given(
    st.lists(st.tuples(names, names), max_size=6),
    st.lists(names.map(lambda name: name + ".wav"), max_size=6),
    st.randoms(),
)
def test_counts_add_up_and_order_changes_nothing(
    rows: list[tuple[str, str]], files: list[str], shuffled: random.Random
) -> None:
    found = matched(rows, files)
    table = found.table
    assert len(table[table["row"].notna()]) == len(rows)
    certain = [found.recording(row) for row in range(2, len(rows) + 2) if found.recording(row)]
    assert len(certain) == len(set(certain)) == found.counts()["matched"]  # no file for two rows
    assert sum(found.counts().values()) == len(table)
    other = list(files)
    shuffled.shuffle(other)
    pd.testing.assert_frame_equal(matched(rows, other).table, table)


def test_a_web_address_is_compared_by_its_path_however_long_its_signature_and_shown_by_its_name() -> None:
    signed = "?X-Amz-Signature=" + "5ecret" * 300
    frame = pd.DataFrame(
        {"filename": [f"https://rec.example/{folder}/audio.wav{signed}" for folder in ("x", "y", "z")]},
        index=[2, 3, 4],
    )
    matches = match_recordings(frame, ["march/x/audio.wav", "march/y/audio.wav"])
    assert list(matches.table["recording"])[:3] == ["march/x/audio.wav", "march/y/audio.wav", ""]
    told = matches.table.to_csv() + "".join(one.message + str(one.value) for one in matches.findings())
    assert "5ecret" not in told
    assert "rec.example" not in told
    assert list(matches.table["filename"])[:3] == ["audio.wav"] * 3
