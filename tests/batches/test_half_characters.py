"""Halves of characters and NULs, which programs leave in text that they cut: no call is lost, and each change is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.model import Tag, TranscriptLine
from reddy_lib.transcripts import read_transcript

HALF = "\ud83d"
SAID = f"Agent: Hello {HALF} \U0001f600\nCustomer: My bill is wrong."
TURNS = [
    {"role": "agent", "text": f"Hello {HALF} \U0001f600"},
    {"role": "customer", "text": "My bill is wrong."},
]
WHOLE = "Hello \ufffd \U0001f600"


@pytest.fixture
def ledger(tmp_path: Path) -> reddy.Ledger:
    return reddy.Ledger(tmp_path / "ledger.sqlite")


def records(transcript: Any) -> list[dict[str, Any]]:
    one = {"call_id": "c1", "agent_email": "a@x.example", "start_time": "2026-05-06 10:00+00:00"}
    other = {**one, "call_id": "c2", "transcript": "Agent: Hi.\nCustomer: Yes?", f"note {HALF}": "b"}
    return [{**one, "transcript": transcript, f"note {HALF}": f"x{HALF}"}, other]


def json_file(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "calls.json"
    path.write_text(json.dumps(rows))
    return path


def json_lines(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "calls.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def frame(_: Path, rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=pd.Index([*rows[0]], dtype=object), dtype=object)


def as_they_are(_: Path, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rows


@pytest.mark.parametrize("transcript", [SAID, json.dumps(TURNS), TURNS], ids=["text", "json", "list"])
@pytest.mark.parametrize("source", [json_file, json_lines, frame, as_they_are])
def test_the_half_is_replaced_and_all_calls_are_loaded(
    ledger: reddy.Ledger, tmp_path: Path, source: Callable[..., Any], transcript: Any
) -> None:
    batch = ledger.load(source(tmp_path, records(transcript)), progress=False)
    first, second = batch
    assert [line.text for line in first.transcript or []] == [WHOLE, "My bill is wrong."]
    assert [(tag.key, tag.value) for tag in first.tags or []] == [("note \ufffd", "x\ufffd")]
    assert second.conversation_id == "c2"
    assert "transcript-unassigned" not in set(batch.findings()["code"])


def test_a_cell_of_json_in_a_text_file(ledger: reddy.Ledger, tmp_path: Path) -> None:
    rows = [{key: cell for key, cell in row.items() if HALF not in key} for row in records(json.dumps(TURNS))]
    pd.DataFrame(rows).to_csv(tmp_path / "calls.csv", index=False)
    batch = ledger.load(tmp_path / "calls.csv", progress=False)
    assert [line.text for line in batch[2].transcript or []] == [WHOLE, "My bill is wrong."]
    assert "transcript-unassigned" not in set(batch.findings()["code"])


def test_the_name_of_a_speaker(ledger: reddy.Ledger) -> None:
    turns = [{"speaker": f"Ben {HALF}", "text": "Hello."}, {"speaker": "Customer", "text": "My bill."}]
    batch = ledger.load(records(json.dumps(turns)), progress=False)
    assert [line.text for line in batch[2].transcript or []] == ["Hello.", "My bill."]


def test_json_within_json_keeps_its_whole_characters() -> None:
    twice = json.dumps(json.dumps(TURNS))
    assert read_transcript(twice).lines[0].text == WHOLE


def test_text_that_is_no_data_keeps_what_only_looks_like_an_escape() -> None:
    assert read_transcript("Agent: Type \\ud83d here.\nCustomer: Yes.").lines[0].text == "Type \\ud83d here."


def test_names_and_defaults_of_a_batch(ledger: reddy.Ledger) -> None:
    batch = ledger.load(
        records(SAID), name=f"n{HALF}", who=f"w{HALF}", defaults={"filename": f"f{HALF}.mp3"}, progress=False
    )
    assert (batch.name, batch[2].filename) == ("n\ufffd", "f\ufffd.mp3")


def test_edits(ledger: reddy.Ledger) -> None:
    batch = ledger.load(records("Agent: Hi.\nCustomer: Yes?"), progress=False)
    batch.update(2, conversation_id=f"id {HALF}", who=f"w{HALF}")
    assert batch[2].conversation_id == "id \ufffd"

    def changed(call: reddy.Call) -> reddy.Call:
        call.tags = [Tag(f"k{HALF}", f"v{HALF}", "string")]
        call.transcript = [TranscriptLine("agent", f"Hi {HALF}"), *(call.transcript or [])[1:]]
        return call

    batch.change(2, changed, who=f"w{HALF}")
    assert batch[2].tags == [Tag("k\ufffd", "v\ufffd", "string")]
    assert [line.text for line in batch[2].transcript or []] == ["Hi \ufffd", "Yes?"]
    batch.rename_tag("k\ufffd", f"new {HALF}")
    assert [tag.key for tag in batch[2].tags or []] == ["new \ufffd"]


NUL_TURNS = [{"role": "agent", "text": "Hello\x00."}, {"role": "customer", "text": f"My\x00 bill {HALF}."}]


@pytest.mark.parametrize("transcript", ["Agent: Hello\x00.\nCustomer: My\x00 bill \ud83d.", NUL_TURNS])
@pytest.mark.parametrize("source", [json_file, json_lines, frame, as_they_are])
def test_every_source_removes_nuls_and_names_what_it_changed(
    ledger: reddy.Ledger, tmp_path: Path, source: Callable[..., Any], transcript: Any
) -> None:
    rows = records(transcript)
    rows[0]["call_id"] = "c\x001"
    batch = ledger.load(source(tmp_path, rows), progress=False)
    assert batch[2].conversation_id == "c1"
    assert [line.text for line in batch[2].transcript or []] == ["Hello.", "My bill \ufffd."]
    assert {"nul-removed", "characters-replaced"} <= {one.code for one in batch.findings_of(2)}
    assert not {"nul-removed", "characters-replaced"} & {one.code for one in batch.findings_of(3)}


@pytest.mark.parametrize("write", [json.dumps, repr], ids=["json", "python"])
def test_nul_escapes_in_a_cell_of_data(
    ledger: reddy.Ledger, tmp_path: Path, write: Callable[..., str]
) -> None:
    row = {"call_id": "c1", "agent_email": "a@x.example", "transcript": write(NUL_TURNS)}
    pd.DataFrame([row, {**row, "call_id": "c2"}]).to_csv(tmp_path / "calls.csv", index=False)
    batch = ledger.load(tmp_path / "calls.csv", progress=False)
    assert [line.text for line in batch[2].transcript or []] == ["Hello.", "My bill \ufffd."]
    said = {one.code: one for one in batch.findings_of(2)}
    assert said["nul-removed"].message == "2 NUL characters were removed from the transcript."
    assert said["characters-replaced"].value == "1"
    assert "transcript-unassigned" not in said


def test_an_escaped_backslash_before_u0000_is_kept() -> None:
    turns = [{"role": "agent", "text": "Type \\u0000 there."}, {"role": "customer", "text": "Yes."}]
    found = read_transcript(json.dumps(turns))
    assert found.lines[0].text == "Type \\u0000 there."
    assert "nul-removed" not in {one.code for one in found.findings}


def test_calls_loaded_again_name_their_halves(ledger: reddy.Ledger) -> None:
    call = reddy.Call(conversation_id="c\x001", transcript=[TranscriptLine("agent", f"Hi {HALF}")])
    batch = ledger.load([call], progress=False)
    assert batch[2].conversation_id == "c1"
    assert {"nul-removed", "characters-replaced"} <= {one.code for one in batch.findings_of(2)}
