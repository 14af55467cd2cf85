"""A file that is no sound is told of when it is attached; one that is all a call has holds it."""

from __future__ import annotations

import contextlib
import io
import json
from collections import OrderedDict
from collections.abc import Iterator
from typing import IO, Any

import msgspec
import pandas as pd
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches import call_changes, playable
from reddy_lib.database.database import Database
from reddy_lib.recordings.attachments import attached_from
from reddy_lib.recordings.inspect import why_not_played
from tests.conftest import ON_BOTH, on_sqlite_alone
from tests.recording_files import FORMATS, encoded, tone, wav_bytes

pytestmark = on_sqlite_alone("what can be read is found in the file; the finding is stored like any other")

NO_SOUND = {
    "a header that ends": b"RIFF\x10\0\0\0",
    "a page": b"<!doctype html><title>Please sign in</title>",
    "a note": b"The recording was not exported.",
    "an archive": b"PK\x03\x04" + bytes(60),
    "a wav without samples": wav_bytes(tone(0.0)),
    "an mp4 of nothing": b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42isom" + bytes(200),
    "noise after a name": b"OggS" + bytes(range(256)) * 4,
}


def load(ledger: reddy.Ledger, *, spoken: bool) -> reddy.Batch:
    cells: dict[str, list[object]] = {
        "conversation_id": ["c1"],
        "agent_email": ["ann@example.com"],
        "product_id": [1],
        "timestamp": [1_700_000_000],
        "filename": ["a.wav"],
    }
    if spoken:
        lines = [
            {"role": "agent", "text": "Good morning.", "start": 0, "stop": 2},
            {"role": "customer", "text": "Hello.", "start": 2, "stop": 3},
        ]
        cells["transcript"] = [json.dumps(lines)]
    return ledger.load(pd.DataFrame(cells), progress=False)


def told(batch: reddy.Batch) -> list[tuple[str, str]]:
    found = batch.findings_of(batch.rows()[0])
    return [(one.severity, one.code) for one in found if one.code != "recording-with-transcript"]


@pytest.mark.parametrize("content", NO_SOUND.values(), ids=NO_SOUND)
def test_a_file_that_is_no_sound_holds_a_call_that_has_nothing_else(
    ledger: reddy.Ledger, content: bytes
) -> None:
    batch = load(ledger, spoken=False)
    batch.attach(batch.rows()[0], io.BytesIO(content), name="a.wav")
    assert told(batch) == [("error", "recording-unreadable")]
    assert batch.counts()["held"] == 1
    batch.attach(batch.rows()[0], io.BytesIO(wav_bytes(tone(1.0))), name="a.wav")
    assert told(batch) == []
    assert batch.counts()["ready"] == 1


@pytest.mark.parametrize("many", [False, True])
def test_beside_a_transcript_it_is_a_warning(ledger: reddy.Ledger, many: bool) -> None:
    batch = load(ledger, spoken=True)
    row = batch.rows()[0]
    if many:
        recording = attached_from(ledger, io.BytesIO(NO_SOUND["a page"]), name="a.wav")
        assert batch.attach_many({row: recording}) == {}
    else:
        batch.attach(row, io.BytesIO(NO_SOUND["a page"]), name="a.wav")
    assert told(batch) == [("warning", "recording-not-audio")]
    batch.change(row, lambda call: msgspec.structs.replace(call, transcript=None))
    assert told(batch) == [("error", "recording-unreadable")]
    batch.undo(batch.operations()["id"].iloc[0])
    assert told(batch) == [("warning", "recording-not-audio")]
    batch.detach(row)
    assert told(batch) == []
    batch.undo(batch.operations()["id"].iloc[0])
    assert told(batch) == [("warning", "recording-not-audio")]


@ON_BOTH
def test_what_reddy_may_read_all_the_same_is_accepted_for_that_file(ledger: reddy.Ledger) -> None:
    batch = load(ledger, spoken=False)
    row = batch.rows()[0]
    batch.attach(row, io.BytesIO(NO_SOUND["an archive"]), name="a.wav")
    batch.accept([row], "recording-unreadable", who="ann")
    assert batch.counts()["ready"] == 1
    batch.attach(row, io.BytesIO(NO_SOUND["a page"]), name="a.wav")
    assert batch.counts()["held"] == 1


@pytest.mark.parametrize("ending", [".mp3", ".m4a", ".ogg", ".webm", ".flac", ".aac"])
def test_what_can_be_heard_is_ready(ledger: reddy.Ledger, ending: str) -> None:
    batch = load(ledger, spoken=False)
    rate = FORMATS[ending][2]
    content = encoded(ending, [tone(1.0, rate)], rate)
    batch.attach(batch.rows()[0], io.BytesIO(content), name=f"a{ending}")
    assert told(batch) == []


@ON_BOTH
def test_a_file_is_looked_at_before_the_ledger_is_locked(
    ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, looked = [False], []
    write = Database.write

    @contextlib.contextmanager
    def watched(self: Database, **how: Any) -> Iterator[sa.Connection]:
        with write(self, **how) as connection:
            before, locked[0] = locked[0], True
            try:
                yield connection
            finally:
                locked[0] = before

    def look(file: IO[bytes]) -> str:
        looked.append(locked[0])
        return why_not_played(file)

    monkeypatch.setattr(Database, "write", watched)
    monkeypatch.setattr(playable, "why_not_played", look)
    monkeypatch.setattr(playable, "_known", OrderedDict())
    batch = load(ledger, spoken=False)
    row = batch.rows()[0]
    batch.attach(row, io.BytesIO(b"<html>one</html>" * 9), name="a.wav")
    other = attached_from(ledger, io.BytesIO(b"<html>two</html>" * 9), name="a.wav")
    assert batch.attach_many({row: other}) == {}
    assert looked == [False, False]
    monkeypatch.setattr(playable, "_known", OrderedDict())  # as in another process
    batch.undo(batch.operations()["id"].iloc[0])
    assert len(looked) >= 3
    assert not any(looked)
    assert told(batch) == [("error", "recording-unreadable")]


@ON_BOTH
def test_another_name_of_the_same_file_is_no_other_sound(
    ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = load(ledger, spoken=False)
    row = batch.rows()[0]
    batch.attach(row, io.BytesIO(NO_SOUND["a page"]), name="a.wav")
    monkeypatch.setattr(call_changes, "why_unplayed", lambda *_: pytest.fail("it was looked at again"))
    batch.change(row, lambda call: msgspec.structs.replace(call, filename="b.wav"))
    [found] = [one for one in batch.findings_of(row) if one.code == "recording-unreadable"]
    assert found.message.startswith("b.wav cannot be played")
    assert found.value == "b.wav"
