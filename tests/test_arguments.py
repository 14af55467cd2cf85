"""Wrong arguments are refused where a notebook passes them, with a sentence that says what was expected."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace

import reddy_lib as reddy
import reddy_lib.arguments as arguments
from reddy_lib.batches.steps import SwapRoles

FRAME = pd.DataFrame(
    {
        "Conversation ID": ["c-1", "c-2"],
        "Agent Email": ["ann@example.com"] * 2,
        "Product": ["Cards", "Loans"],
        "Transcript": ["Agent: Hello there\nCustomer: My bill is wrong"] * 2,
    }
)
TEXT = FRAME.to_csv(index=False)


CLIENT = reddy.Client("token-of-a-test", base_url="http://localhost:1")


@pytest.fixture(name="batch", scope="module")
def a_batch(tmp_path_factory: pytest.TempPathFactory) -> reddy.Batch:
    ledger = reddy.Ledger(tmp_path_factory.mktemp("arguments") / "ledger.sqlite")
    return ledger.load(FRAME, timezone="UTC", progress=False)


def ledger_of(batch: reddy.Batch) -> reddy.Ledger:
    assert isinstance(batch.database, reddy.Ledger)
    return batch.database


WRONG: dict[str, tuple[Callable[[reddy.Batch, Any], Any], list[object], str]] = {
    "apply": (lambda batch, value: batch.apply(value), ["x", None, 5, SwapRoles], "step must be a step of"),
    "preview": (lambda batch, value: batch.preview(value), ["x", None, 5, SwapRoles], "step must be a step of"),
    "query": (lambda batch, value: batch.query(value), [5, None, b"x"], "query must be text, not"),
    "facets": (lambda batch, value: batch.facets(value), [5, None], "query must be text, not"),
    "find": (lambda batch, value: batch.find(query=value), [5, b"x"], "query must be text, not"),
    "base_url": (lambda _, value: reddy.Client("t", base_url=value), [5, b"https://x"], "base_url must be text"),
    "timeout": (
        lambda _, value: reddy.Client("t", timeout=value),
        ["x", None, True, [1]],
        "timeout must be a number of seconds",
    ),
    "headers": (
        lambda _, value: reddy.Client("t", headers=value),
        [5, "a: b", [("a", "b")], {"a": 5}, {5: "a"}],
        "headers must be a dict of names and texts",
    ),
    "guess_mapping": (lambda _, value: reddy.guess_mapping(value), [None, "x", [{}]], "sheet must be a DataFrame"),
    "questions": (
        lambda _, value: reddy.questions(reddy.guess_mapping(FRAME), value),
        [None, "x"],
        "sheet must be a DataFrame",
    ),
    "questions-mapping": (lambda _, value: reddy.questions(value, FRAME), [None, {}], "mapping must be what"),
    "build_calls": (lambda _, value: list(reddy.build_calls(FRAME, value)), [None, {}], "mapping must be what"),
    "read_sheet": (lambda _, value: reddy.read_sheet(value), [None, FRAME, 5, b"x.csv"], "path must be a path"),
    "inspect_recording": (
        lambda _, value: reddy.inspect_recording(value),
        [None, 5, io.StringIO("x"), FRAME],
        "source must be a path, or a file",
    ),
    "silence_recording": (
        lambda _, value: reddy.silence_recording(value, "/nowhere/out.wav", [(0, 1)]),
        [None, 5, io.StringIO("x")],
        "source must be a path, or a file",
    ),
    "RecordingStore": (lambda _, value: reddy.RecordingStore(value), [None, 5], "folder must be a path"),
    "RecordingFolder": (lambda _, value: reddy.RecordingFolder(value), [None, 5], "folder must be a path"),
    "match_recordings": (
        lambda batch, value: reddy.match_recordings(batch.calls(), value),
        [None, "a.wav", 5],
        "recordings must be a list",
    ),
    "match_recordings-rows": (lambda _, value: reddy.match_recordings(value, []), [None, 5], "rows must be a DataFrame"),
    "AllowedHosts": (lambda _, value: reddy.AllowedHosts.of(value), [5, None, "localhost", [5]], "public"),
    "find_personal_data": (
        lambda _, value: reddy.find_personal_data(value),
        [None, 5, b"x", {"text": "x"}, FRAME],
        "lines must be a text or the lines",
    ),
    "find_personal_data-line": (
        lambda _, value: reddy.find_personal_data([value]),
        [None, 5, {"words": "x"}, {"text": 5}],
        "Line 1 must be a TranscriptLine",
    ),
    "parse_transcript": (
        lambda _, value: reddy.parse_transcript(value),
        [Path("x.txt"), io.StringIO("Agent: hi"), FRAME, FRAME["Transcript"], object()],
        "text must be a transcript",
    ),
    "undo": (lambda batch, value: batch.undo(value), [None, 1.0, FRAME["Product"], True], "The operation must be"),
    "resume": (lambda batch, value: batch.resume(value), [None, 1.5, [1]], "The operation must be"),
    "personal_policy": (
        lambda batch, value: reddy.personal_policy(value, "sandbox"),
        [None, "ledger.sqlite"],
        "The first argument must be a ledger",
    ),
    "set_personal_policy": (
        lambda batch, value: reddy.set_personal_policy(ledger_of(batch), "sandbox", value),
        [None, "mask", ["card"]],
        "rules must be a dict",
    ),
    "personal_data": (
        lambda batch, value: reddy.submit(batch, CLIENT, personal_data=value, progress=False),
        [5, ["card"], True],
        'personal_data must be "mask"',
    ),
    "access_log": (
        lambda batch, value: ledger_of(batch).access_log(since=value),
        ["2026-01-01", date(2026, 1, 1), 5],
        "since must be a time",
    ),
    "change-transcript": (
        lambda batch, value: batch.change(2, lambda call: replace(call, transcript=value)),
        ["hello", ["hello"], [{"role": "agent", "text": "hi"}], 5],
        "transcript must be a list of reddy.TranscriptLine",
    ),
    "change-tags": (
        lambda batch, value: batch.change(2, lambda call: replace(call, tags=value)),
        [{"a": 1}, [("a", 1)]],
        "tags must be a list of reddy.Tag",
    ),
    "mapping": (
        lambda batch, value: ledger_of(batch).load(FRAME, {"agent_email": value}, progress=False),
        [None, ["Agent Email"], 1.5],
        re.escape("mapping['agent_email'] must be the name of a column"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("call", "value", "sentence"),
    [
        pytest.param(call, value, sentence, id=f"{name}-{number}")
        for name, (call, values, sentence) in WRONG.items()
        for number, value in enumerate(values)
    ],
)
def test_a_wrong_type_is_refused_with_what_was_expected(
    batch: reddy.Batch, call: Callable[[reddy.Batch, Any], Any], value: object, sentence: str
) -> None:
    before = len(batch.operations())
    with pytest.raises(TypeError, match=sentence):
        call(batch, value)
    assert len(batch.operations()) == before


@pytest.mark.parametrize(
    "text", [TEXT, TEXT * 200, "a,b" * 200, FRAME.to_json(), "[1, 2]", "half \ud83d,\n", "a\0b"]
)
def test_the_text_of_a_file_is_no_path(batch: reddy.Batch, text: str) -> None:
    ledger = ledger_of(batch)
    for read, name, advice in (
        (ledger.load, "source", " To load the text itself, pass io.StringIO(text)."),
        (reddy.read_sheet, "path", ""),
        (reddy.inspect_recording, "source", ""),
    ):
        with pytest.raises(ValueError) as caught:
            read(text)
        assert str(caught.value) == f"{name} must be a path, but this is text.{advice}"


def test_a_file_with_an_odd_name_is_a_path(tmp_path: Path) -> None:
    for name in ("a\nb.csv", "[x]", "{x}"):
        path = tmp_path / name
        path.write_text(TEXT)
        assert arguments.file_path(str(path), "path") == path
    assert arguments.file_path("[march] not there.csv", "path") == Path("[march] not there.csv")


@pytest.mark.parametrize("spans", [["a"], ["ab"], [5], [(1, 2, 3, 4, 5)], [("0", "1")], [None], [(1,)]])
def test_spans_are_two_numbers(tmp_path: Path, spans: Any) -> None:
    with pytest.raises(ValueError, match="two numbers of seconds"):
        reddy.silence_recording(tmp_path / "a.wav", tmp_path / "b.wav", spans)


def test_products_may_lack_names(batch: reddy.Batch) -> None:
    ledger = ledger_of(batch)
    given = [{"id": 1}, {"id": 2, "name": None, "status": None}]
    assert ledger.load(FRAME, products=given, progress=False, timezone="UTC").total == 2
    whole = {"name": "", "status": "active"}
    assert arguments.product_dicts(given) == [{"id": 1, **whole}, {"id": 2, **whole}]
    assert arguments.product_dicts([{"id": 12.0, "name": "Cards", "status": "active"}]) == [
        {"id": 12, "name": "Cards", "status": "active"}
    ]
    for wrong in (12.5, float("nan"), -1.0, True):
        with pytest.raises(ValueError, match="A product needs an id, the number"):
            arguments.product_dicts([{"id": wrong}])
    with pytest.raises(ValueError, match="A product needs an id, the number"):
        ledger.load(FRAME, products=[{"id": "abc", "name": "Cards", "status": "active"}], progress=False)


@pytest.mark.parametrize(
    "location", [":memory:", " :memory: ", "file:x.sqlite", "file::memory:?cache=shared"]
)
def test_a_ledger_is_a_file(location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(reddy.errors.LedgerUnavailable, match=r"in memory would lose|is a SQLite URI"):
        reddy.Ledger(location)
    assert not list(tmp_path.iterdir())


def test_personal_data_is_found_in_texts_and_dicts() -> None:
    asked, said = "May I have your PIN?", "It is 7 4 1 9, thanks"
    lines = [reddy.TranscriptLine("agent", asked), reddy.TranscriptLine("customer", said)]
    expected = reddy.find_personal_data(lines)
    assert [(one.line, one.kind) for one in expected] == [(2, "pin")]
    assert reddy.find_personal_data(f"{asked}\n{said}") == expected
    assert reddy.find_personal_data([asked, said]) == expected
    assert reddy.find_personal_data(pd.Series([asked, said])) == expected
    dicts = [{"role": "agent", "text": asked}, {"role": "customer", "text": said, "start": 3.0}]
    assert reddy.find_personal_data(dicts) == expected
    assert reddy.find_personal_data("") == reddy.find_personal_data([]) == []


def test_a_transcript_may_be_bytes_of_utf_8() -> None:
    text = "Agent: Grüß Gott\nCustomer: Hallo"
    expected = reddy.parse_transcript(text)
    for data in (text.encode(), text.encode("utf-8-sig"), bytearray(text.encode())):
        assert reddy.parse_transcript(data) == expected
    with pytest.raises(ValueError, match="not UTF-8: decode them with the encoding of their file"):
        reddy.parse_transcript(text.encode("cp1252"))


@pytest.mark.parametrize("cell", [None, float("nan"), pd.NA, pd.NaT, np.float64("nan"), ""])
def test_an_empty_cell_is_a_transcript_without_lines(cell: object) -> None:
    assert reddy.parse_transcript(cell) == []


def test_a_number_from_the_index_of_the_operations_is_one(ledger: reddy.Ledger) -> None:
    batch = ledger.load(FRAME, timezone="UTC", progress=False)
    batch.update([2], agent_email="bo@example.com")
    batch.undo(batch.operations().index[0])
    assert batch.call(2).agent_email == "ann@example.com"
