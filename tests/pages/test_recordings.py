"""Recordings on the Review page: dropped, brought to their rows, attached, heard, silenced in a copy."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import reddy_lib as reddy
from reddy_lib.recordings.attachments import open_recording, recordings_folder
from reddy_lib.ui.attaching import job_of
from tests import screen
from tests.conftest import PRODUCTS
from tests.recording_files import silence, tone, turns, wav_bytes
from tests.screen import labels, set_status, words

Sheet = Callable[..., Path]


@pytest.fixture(autouse=True)
def no_shared_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("REDDY_AUDIO_FOLDER", raising=False)
    monkeypatch.setenv("REDDY_LEDGER", str(tmp_path / "ledger.sqlite"))
    monkeypatch.delenv("REDDY_API_TOKEN", raising=False)


SAYS = "agent [00:01]: Your card please\ncustomer [00:04]: 4242 4242 4242 4242\nagent [00:08]: Thank you"


@pytest.fixture
def batch(tmp_path: Path, sheet: Sheet) -> reddy.Batch:
    """Rows 2 to 6; the conversations are call-2 … call-6, and row 6 has no transcript."""
    cells: dict[int, dict[str, str]] = {row: {"Conversation ID": f"call-{row}"} for row in range(2, 7)}
    cells[3]["Transcript"] = SAYS
    cells[6]["Transcript"] = ""
    with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
        return ledger.load(sheet(5, cells), products=PRODUCTS, progress=False)


def wav(hertz: float = 440.0, seconds: float = 1.0) -> bytes:
    return wav_bytes(tone(seconds, hertz=hertz))


def panel(batch: reddy.Batch) -> AppTest:
    return screen.opened("review", batch, query={"panel": "recordings"})


def drop(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, content, "application/octet-stream") for name, content in files])
    return screen.run(app)


def press(app: AppTest, label: str) -> AppTest:
    found = [button for button in app.button if button.label == label]
    assert len(found) == 1, labels(app)
    found[0].click()
    return finished(screen.run(app))


def finished(app: AppTest) -> AppTest:
    """What is being attached is attached."""
    job = job_of(reddy.Ledger().batch("".join(app.query_params["batch"])))
    if job is not None and job.running:  # on a busy machine
        job.wait()
        screen.run(app)
    return app


def lines(app: AppTest) -> dict[Any, str]:
    """Row (or the recording, where no row comes to it) → what the table says it is."""
    [table] = [one.value for one in app.dataframe if "how" in one.value.columns]
    return {
        (line.recording if pd.isna(line.row) else int(line.row)): line.state[0]
        for line in table.astype({"row": object}).itertuples()
    }


def choose(app: AppTest, row: int) -> AppTest:
    """Click the line of a row."""
    [table] = [one for one in app.dataframe if "how" in one.value.columns]
    at = [None if number != number else int(number) for number in table.value["row"].astype(float)].index(row)
    app.session_state[table.key] = {"selection": {"rows": [at], "columns": [], "cells": []}}
    return screen.run(app)


class TestManyRecordings:
    def test_the_panel_is_one_click_away_and_leads_back(self, batch: reddy.Batch) -> None:
        app = screen.opened("review", batch)
        press(app, "Recordings")
        assert "No recordings are here yet" in words(app)
        press(app, "Calls")
        assert any("call" in one.value.columns for one in app.dataframe)

    def test_what_is_dropped_is_kept_and_the_uploader_forgets_it(self, batch: reddy.Batch) -> None:
        app = panel(batch)
        before = app.file_uploader[0].key
        drop(app, ("call-2.wav", wav()), ("nobody.wav", wav(500)))
        assert app.file_uploader[0].key != before
        assert not app.file_uploader[0].value
        kept = recordings_folder(batch.database) / "dropped" / batch.id
        assert {path.name for path in kept.glob("*.wav")} == {
            hashlib.sha256(content).hexdigest() + ".wav" for content in (wav(), wav(500))
        }
        assert "2 recordings kept" in words(app)
        found = lines(app)
        assert (found[2], found["nobody.wav"], found[4]) == ("Matched", "Left over", "Without")

    def test_a_zip_is_taken_apart_and_says_what_it_passed_over(self, batch: reddy.Batch) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("march/call-2.wav", wav())
            archive.writestr("march/readme.txt", "hello")
        app = drop(panel(batch), ("march.zip", packed.getvalue()))
        assert lines(app)[2] == "Matched"
        assert "1 not kept" in [one.label for one in app.expander]
        assert "readme" in words(app)

    def test_one_button_attaches_what_is_certain_and_nothing_else(self, batch: reddy.Batch) -> None:
        app = drop(panel(batch), ("call-2.wav", wav()), ("call-6.wav", wav(300)), ("nobody.wav", wav(500)))
        assert "1 of these 2 calls has a transcript too" in words(app)
        press(app, "Attach 2 recordings")
        frame = batch.recordings()
        assert list(frame.index) == [2, 6]
        assert frame.loc[6, "sha256"] == hashlib.sha256(wav(300)).hexdigest()
        assert "2 recordings attached" in words(app)
        assert batch.info(6)["status"] == "ready"
        assert [found.code for found in batch.findings_of(2)] == ["recording-with-transcript"]
        found = lines(app)
        assert (found[2], found[6], found["nobody.wav"]) == ("Attached", "Attached", "Left over")
        assert not [one for one in labels(app) if one.startswith("Attach ")]

    def test_a_call_that_was_sent_is_no_candidate_and_one_that_is_sent_meanwhile_is_refused(
        self, batch: reddy.Batch
    ) -> None:
        set_status(batch, 4, status="accepted")
        app = drop(panel(batch), *((f"call-{row}.wav", wav(300 + row)) for row in (2, 4, 5)))
        assert lines(app)[4] == "Sent or under way"
        button = next(one for one in app.button if one.label == "Attach 2 recordings")
        button.click()
        with pytest.MonkeyPatch.context() as patch:
            attach = reddy.Batch.attach_many

            def meanwhile(self: reddy.Batch, *given: Any, **options: Any) -> Any:
                set_status(batch, 5, status="queued")
                return attach(self, *given, **options)

            patch.setattr(reddy.Batch, "attach_many", meanwhile)
            screen.run(app)
            finished(app)
        assert list(batch.recordings().index) == [2]
        assert "1 of 2 recordings attached" in words(app)
        assert "1 not attached" in [one.label for one in app.expander]
        assert "Row 5" in words(app)

    def test_a_doubtful_row_waits_until_somebody_chooses(self, batch: reddy.Batch) -> None:
        app = drop(panel(batch), ("call-2 a.wav", wav()), ("call-2 b.wav", wav(500)))
        assert lines(app)[2] == "Doubtful"
        assert not [one for one in labels(app) if one.startswith("Attach ")]
        choose(app, 2)
        box = next(one for one in app.selectbox if one.label == "Recording")
        assert [option.split(" · ")[0] for option in box.options] == ["call-2 a.wav", "call-2 b.wav"]
        box.select_index(1)
        screen.run(app)
        press(app, "Use this one")
        assert lines(app)[2] == "Matched"
        press(app, "Attach 1 recording")
        assert list(batch.recordings()["sha256"]) == [hashlib.sha256(wav(500)).hexdigest()]

    def test_a_recording_that_no_row_has_can_be_given_to_one(self, batch: reddy.Batch) -> None:
        app = drop(panel(batch), ("tape 17.wav", wav()))
        choose(app, 5)
        next(one for one in app.selectbox if one.label == "Recording").select_index(0)
        screen.run(app)
        press(app, "Use this one")
        press(app, "Attach 1 recording")
        assert list(batch.recordings().index) == [5]
        assert "tape 17.wav" not in lines(app)

    def test_the_folder_of_the_server_is_read_where_there_is_one(
        self, batch: reddy.Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        audio = tmp_path / "audio"
        (audio / "march").mkdir(parents=True)
        (audio / "march" / "call-5.wav").write_bytes(wav())
        monkeypatch.setenv("REDDY_AUDIO_FOLDER", str(audio))
        app = panel(batch)
        assert "holds 1 recording" in words(app)
        press(app, "Attach 1 recording")
        found = batch.recording(5)
        assert found is not None
        assert (found.place, found.path, found.name) == ("folder", "march/call-5.wav", "call-5.wav")
        assert lines(app)[5] == "Attached"


def with_recording(batch: reddy.Batch, row: int, content: bytes, name: str = "call.wav") -> AppTest:
    batch.attach(row, io.BytesIO(content), name=name)
    return tab(batch, row)


def tab(batch: reddy.Batch, row: int) -> AppTest:
    state = {f"review {batch.id} tab": "Recording"}
    return screen.opened("review", batch, query={"row": str(row)}, **state)


class TestTheRecordingOfACall:
    def test_only_a_call_with_a_recording_has_the_tab(self, batch: reddy.Batch) -> None:
        app = with_recording(batch, 6, wav())
        assert "Recording" in [one.label for one in app.tabs]
        other = tab(batch, 5)
        assert "Recording" not in [one.label for one in other.tabs]

    def test_it_is_played_drawn_and_told_in_one_line(self, batch: reddy.Batch) -> None:
        app = with_recording(batch, 6, wav(seconds=3))
        assert len(app.get("audio")) == 1
        assert len(app.get("plotly_chart")) == 1
        assert "mono · 8,000 Hz · 0:03" in words(app).replace("\\", "")

    def test_it_is_looked_into_once(self, batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch) -> None:
        from reddy_lib.ui import recordings

        looked: list[str] = []
        inspect = recordings.inspect_recording

        def counted(*given: Any, **options: Any) -> Any:
            looked.append(options["name"])
            return inspect(*given, **options)

        monkeypatch.setattr(recordings, "inspect_recording", counted)
        app = with_recording(batch, 6, wav())
        screen.run(app)
        screen.run(app)
        assert looked == ["call.wav"]

    def test_a_large_one_is_not_read_for_the_player(
        self, batch: reddy.Batch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from reddy_lib.ui import recordings

        monkeypatch.setattr(recordings, "PLAYABLE", 1_000)
        app = with_recording(batch, 6, wav())
        assert not app.get("audio")
        assert "too large to play here" in words(app)
        assert not app.get("plotly_chart")
        press(app, "Look into it")
        assert len(app.get("plotly_chart")) == 1

    def test_what_is_wrong_with_it_is_said(self, batch: reddy.Batch) -> None:
        app = with_recording(batch, 6, wav_bytes(silence(2)))
        assert "holds 2.0 s of silence" in words(app)

    def test_the_proposal_is_applied_with_history(self, batch: reddy.Batch) -> None:
        app = with_recording(batch, 6, wav_bytes(*turns(30)))
        press(app, "Use this setting")
        speaker = batch.call(6).speaker
        assert speaker is not None
        assert speaker.separation == "channels"
        assert "already set" in words(app)
        assert "Use this setting" not in labels(app)
        assert any(field.startswith("speaker") for field in batch.edits(6)["field"])

    def test_a_file_that_is_gone_is_said_and_can_be_detached(self, batch: reddy.Batch) -> None:
        batch.attach(6, io.BytesIO(wav()), name="call.wav")
        for path in recordings_folder(batch.database).glob("*.wav"):
            path.unlink()
        app = tab(batch, 6)
        assert "cannot be opened" in words(app)
        press(app, "Detach")
        assert batch.recording(6) is None
        assert "Recording" not in [one.label for one in app.tabs]

    def test_a_sent_call_changes_nothing(self, batch: reddy.Batch) -> None:
        batch.attach(3, io.BytesIO(wav_bytes(tone(12))), name="call.wav")
        set_status(batch, 3, status="accepted")
        app = tab(batch, 3)
        assert not {"Detach", "Use this setting", "Silence 1 span in a copy"} & set(labels(app))


class TestSilencing:
    def test_what_is_ticked_is_silent_in_a_copy_and_the_original_is_untouched(
        self, batch: reddy.Batch
    ) -> None:
        content = wav_bytes(tone(12))
        app = with_recording(batch, 3, content)
        original = batch.recording(3)
        assert original is not None
        boxes = [box for box in app.checkbox if "card number" in box.label]
        assert len(boxes) == 1
        assert "0:03" in boxes[0].label
        press(app, "Silence 1 span in a copy")
        copy = batch.recording(3)
        assert copy is not None
        assert copy.sha256 != original.sha256
        assert copy.name == original.name
        with open_recording(batch.database, original) as file:
            assert file.read() == content
        with open_recording(batch.database, copy) as file:
            silenced = file.read()
        begin = len(content) - 12 * 8_000 * 2
        at = begin + 5 * 8_000 * 2
        assert silenced[at : at + 16_000] == bytes(16_000)
        assert silenced[: begin + 3 * 16_000] == content[: begin + 3 * 16_000]
        assert "Listen to the copy before you send it" in words(app)
        assert not list(recordings_folder(batch.database).glob("silencing-*"))
        press(app, "Attach the original again")
        now = batch.recording(3)
        assert now is not None
        assert now.sha256 == original.sha256

    def test_nothing_ticked_is_nothing_to_silence(self, batch: reddy.Batch) -> None:
        app = with_recording(batch, 3, wav_bytes(tone(12)))
        next(box for box in app.checkbox if "card number" in box.label).uncheck()
        screen.run(app)
        assert next(one for one in app.button if one.label.startswith("Silence")).disabled

    def test_estimated_times_propose_nothing_and_say_why(self, sheet: Sheet, tmp_path: Path) -> None:
        text = "agent: Your card please\ncustomer: 4242 4242 4242 4242"
        with reddy.Ledger(tmp_path / "ledger.sqlite") as ledger:
            batch = ledger.load(sheet(1, {2: {"Transcript": text}}), products=PRODUCTS, progress=False)
        app = with_recording(batch, 2, wav_bytes(tone(12)))
        assert "Nothing can be proposed" in words(app)
        assert not [label for label in labels(app) if label.startswith("Silence")]

    def test_another_format_is_silenced_in_a_wav(self, batch: reddy.Batch) -> None:
        from tests.recording_files import encoded

        app = with_recording(batch, 3, encoded(".mp3", [tone(12, 16_000)], 16_000), name="call.mp3")
        press(app, "Listen")
        assert not app.exception
        press(app, "Silence 1 span in a copy")
        assert "silent in a copy (a wav file)" in words(app)
        copy = batch.recording(3)
        assert copy is not None
        assert (copy.name, copy.content_type) == ("call.wav", "audio/wav")
        with open_recording(batch.database, copy) as file:
            silenced = file.read()
        at = 44 + 5 * 16_000 * 2
        assert silenced[at : at + 32_000] == bytes(32_000)
        press(app, "Attach the original again")
        now = batch.recording(3)
        assert now is not None
        assert (now.name, now.content_type) == ("call.mp3", "audio/mpeg")
