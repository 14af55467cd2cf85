"""Masking words silences the seconds in which they are said, in the same operation; undo restores both."""

from __future__ import annotations

import io
import json
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

import reddy_lib as reddy
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.stored_rows import release_calls
from reddy_lib.batches.turn_edits import store_turn_edit, turn_edit
from reddy_lib.database.schema import calls
from reddy_lib.errors import CannotUndo
from reddy_lib.model import payload_json
from reddy_lib.recordings.attachments import attached_from, open_recording
from reddy_lib.recordings.wav import read_wav
from reddy_lib.sending.personal_policy import answer_personal_data
from reddy_lib.sending.submission import create
from tests.recording_files import encoded, tone, wav_bytes

RATE = 8_000
HERE = "https://app.reddy.io"
LINES = [
    ("agent", "Could I have the card number?", 0.0, 2.0),
    ("customer", "It is 4111 1111 1111 1111.", 2.0, 5.0),
    ("agent", "And the security code?", 5.0, 7.0),
    ("customer", "836", 7.0, 8.0),
    ("agent", "Thank you, that is all.", 8.1, 9.9),
]


def load(ledger: reddy.Ledger, transcript: str, filename: str = "a.wav") -> reddy.Batch:
    frame = pd.DataFrame(
        {
            "conversation_id": ["c1"],
            "agent_email": ["ann@example.com"],
            "product_id": [1],
            "timestamp": [1_700_000_000],
            "filename": [filename],
            "transcript": [transcript],
        }
    )
    return ledger.load(frame, progress=False)


def timed(words: bool = False) -> str:
    lines = []
    for role, text, start, stop in LINES:
        line = {"role": role, "text": text, "start": start, "stop": stop}
        if words:
            some = text.split()
            each = (stop - start) / len(some)
            line["words"] = [
                {"word": word, "start": start + at * each, "end": start + (at + 1) * each}
                for at, word in enumerate(some)
            ]
        lines.append(line)
    return json.dumps(lines)


def attach(batch: reddy.Batch, content: bytes, name: str = "a.wav") -> None:
    batch.attach(batch.rows()[0], io.BytesIO(content), name=name)


def loud(batch: reddy.Batch) -> list[int]:
    """The tenths of a second in which the attached recording sounds."""
    found = batch.recording(batch.rows()[0])
    assert found is not None
    with open_recording(batch.database, found) as file:
        header = read_wav(file)
        file.seek(header.begin)
        samples = np.frombuffer(file.read(), "<i2")
    tenths = np.abs(samples[: len(samples) // 800 * 800].reshape(-1, 800)).max(axis=1)
    return [at for at, most in enumerate(tenths) if most > 0]


WHOLE = wav_bytes(tone(10.0) + 0.1)


def between(start: float, stop: float) -> set[int]:
    return set(range(round(start * 10), round(stop * 10)))


def test_words_and_seconds_are_masked_in_one_operation_and_undone_in_one(ledger: reddy.Ledger) -> None:
    batch = load(ledger, timed())
    attach(batch, WHOLE)
    row = batch.rows()[0]
    before, original = payload_json(batch.call(row)), batch.recording(row)
    assert set(loud(batch)) >= between(0, 10)
    done = batch.apply(MaskPersonalData(kinds=("card",)), who="ann")
    assert "[card number]" in payload_json(batch.call(row)).decode()
    heard = set(loud(batch))
    assert not heard & between(2, 5), "the line that says it"
    assert heard >= between(0, 1.5) | between(8.5, 10)
    batch.undo(done)
    assert payload_json(batch.call(row)) == before
    assert batch.recording(row) == original
    assert set(loud(batch)) >= between(0, 10)
    again = batch.apply(MaskPersonalData())
    assert again.changed == 1
    assert not set(loud(batch)) & (between(2, 5) | between(7, 8))


def test_one_kind_silences_its_own_seconds_alone_by_the_times_of_its_words(ledger: reddy.Ledger) -> None:
    batch = load(ledger, timed(words=True))
    attach(batch, WHOLE)
    batch.apply(MaskPersonalData(kinds=("card",)))
    heard = set(loud(batch))
    assert heard >= between(0, 2.8), "“It is” was said before it"
    assert not heard & between(3.1, 5)
    assert heard >= between(7, 8), "the security code is another kind"


def test_what_cannot_be_silenced_holds_the_call_and_says_why(ledger: reddy.Ledger) -> None:
    batch = load(ledger, "Agent: And the card number?\nCustomer: 4111 1111 1111 1111")
    attach(batch, WHOLE)
    row = batch.rows()[0]
    done = batch.apply(MaskPersonalData())
    assert "4111" not in payload_json(batch.call(row)).decode()
    found = next(one for one in batch.findings_of(row) if one.code == "mask-still-heard")
    assert "Line 2 has no time" in found.message
    assert batch.counts()["held"] == 1
    batch.undo(done)
    assert batch.counts()["ready"] == 1, "nothing is masked any more"


def test_a_compressed_recording_is_silenced_in_a_wav_and_comes_back_with_undo(ledger: reddy.Ledger) -> None:
    batch = load(ledger, timed(), "a.mp3")
    attach(batch, encoded(".mp3", [tone(10.0, 16_000) + 0.1], 16_000), "a.mp3")
    row = batch.rows()[0]
    original = batch.recording(row)
    done = batch.apply(MaskPersonalData())
    assert batch.counts()["ready"] == 1
    copy = batch.recording(row)
    assert copy is not None
    assert (copy.name, copy.content_type) == ("a.wav", "audio/wav")
    heard = {tenth // 2 for tenth in loud(batch)}  # twice the samples of the other recordings
    assert not heard & between(2, 5)
    assert heard >= between(0, 1.4) | between(8.6, 9.9)
    batch.undo(done)
    assert batch.recording(row) == original


def test_sound_that_cannot_be_decoded_holds_the_call_until_somebody_decides(ledger: reddy.Ledger) -> None:
    batch = load(ledger, timed(), "a.mp3")
    whole = encoded(".mp3", [tone(10.0, 16_000)], 16_000)
    attach(batch, whole[:2_000] + bytes(range(250)) * 8 + whole[4_000:], "a.mp3")
    row = batch.rows()[0]
    batch.apply(MaskPersonalData())
    held = [one for one in batch.findings_of(row) if one.severity == "error"]
    assert [one.code for one in held] == ["mask-still-heard"]
    assert "Parts of it cannot be decoded" in held[0].message
    batch.accept([row], "mask-still-heard", who="ann")
    assert batch.counts()["ready"] == 1


def held_for(batch: reddy.Batch) -> list[str]:
    return [one.code for one in batch.findings_of(batch.rows()[0]) if one.severity == "error"]


@pytest.mark.parametrize("many", [False, True])
def test_a_recording_that_comes_after_the_words_were_masked_is_silenced_at_once(
    ledger: reddy.Ledger, many: bool
) -> None:
    batch = load(ledger, timed())
    batch.apply(MaskPersonalData())
    if many:
        recording = attached_from(ledger, io.BytesIO(WHOLE), name="a.wav")
        assert batch.attach_many({batch.rows()[0]: recording}) == {}
    else:
        attach(batch, WHOLE)
    assert not set(loud(batch)) & (between(2, 5) | between(7, 8))
    assert held_for(batch) == []
    assert batch.operations()["title"].iloc[0] == "Silence what is masked"


def test_words_that_a_person_masked_are_silent_too(ledger: reddy.Ledger) -> None:
    batch = load(ledger, timed())
    row = batch.rows()[0]

    def mask(call: reddy.Call) -> reddy.Call:
        lines = list(call.transcript or [])
        lines[0] = msgspec.structs.replace(lines[0], text="[masked]")
        return msgspec.structs.replace(call, transcript=lines)

    batch.change(row, mask)
    attach(batch, WHOLE)
    start, stop = LINES[0][2:]
    assert not set(loud(batch)) & between(start, stop)
    assert set(loud(batch)) >= between(stop + 1, 10)


def test_the_original_attached_again_holds_the_call(ledger: reddy.Ledger) -> None:
    batch = load(ledger, timed())
    attach(batch, WHOLE)
    row = batch.rows()[0]
    original = batch.recording(row)
    assert original is not None
    batch.apply(MaskPersonalData())
    silenced = batch.recording(row)
    assert silenced is not None
    batch.attach(row, original)
    assert set(loud(batch)) >= between(0, 10)
    assert held_for(batch) == ["mask-still-heard"]
    batch.accept([row], "mask-still-heard", who="ann")
    assert held_for(batch) == []
    batch.detach(row)
    batch.attach(row, original)
    assert held_for(batch) == ["mask-still-heard"], "it was accepted for another attachment"
    batch.attach(row, silenced)
    assert held_for(batch) == []


def test_a_recording_that_cannot_be_silenced_and_came_later_holds_the_call(ledger: reddy.Ledger) -> None:
    batch = load(ledger, timed(), "a.mp3")
    batch.apply(MaskPersonalData())
    whole = encoded(".mp3", [tone(10.0, 16_000)], 16_000)
    attach(batch, whole[:2_000] + bytes(range(250)) * 8 + whole[4_000:], "a.mp3")
    assert held_for(batch) == ["mask-still-heard"]


def test_the_last_gate_silences_a_recording_that_no_one_looked_at(ledger: reddy.Ledger) -> None:
    batch = load(ledger, timed())
    attach(batch, WHOLE)
    row = batch.rows()[0]
    original = batch.recording(row)
    assert original is not None
    answer_personal_data(batch, HERE, {"card": "mask"})
    batch.apply(MaskPersonalData())
    batch.attach(row, original)
    with ledger.write() as connection:  # as an earlier version left it
        release_calls(connection, [batch.one(row, calls.c.id).id], "mask-still-heard")
    assert set(loud(batch)) >= between(0, 10)
    create(batch.database, batch.id, address=HERE, token_source="typed")
    assert batch.counts()["queued"] == 1
    assert not set(loud(batch)) & (between(2, 5) | between(7, 8))


def test_masks_that_came_with_the_export_silence_nothing(ledger: reddy.Ledger) -> None:
    batch = load(
        ledger, timed().replace("836", "[security code]").replace("4111 1111 1111 1111", "[card number]")
    )
    attach(batch, WHOLE)
    batch.apply(MaskPersonalData())
    create(batch.database, batch.id, address=HERE, token_source="typed")
    assert set(loud(batch)) >= between(0, 10)


@pytest.mark.parametrize("place", ["path", "open file"])
def test_the_original_file_is_never_changed(ledger: reddy.Ledger, tmp_path: Path, place: str) -> None:
    batch = load(ledger, timed())
    source = tmp_path / "a.wav"
    source.write_bytes(WHOLE)
    if place == "path":
        batch.attach(batch.rows()[0], source)
    else:
        with source.open("rb") as file:
            batch.attach(batch.rows()[0], file)
    done = batch.apply(MaskPersonalData())
    assert source.read_bytes() == WHOLE
    batch.undo(done)
    assert set(loud(batch)) >= between(0, 10)


def test_words_that_a_person_selects_are_masked_with_their_seconds(ledger: reddy.Ledger) -> None:
    batch = load(ledger, timed())
    attach(batch, WHOLE)
    row = batch.rows()[0]
    before = batch.call(row)
    line = (before.transcript or [])[4]
    event = {
        "id": "0" * 32,
        "kind": "mask",
        "number": 5,
        "seen": {"role": line.role, "text": line.text, "start": line.start, "stop": line.stop},
        "at": 11,
        "end": 15,
    }
    assert store_turn_edit(batch, row, turn_edit(event), who="ann")
    assert not store_turn_edit(batch, row, turn_edit(event), who="ann"), "it arrived a second time"
    assert (batch.call(row).transcript or [])[4].text == "Thank you, [masked] is all."
    assert not set(loud(batch)) & between(8, 10)
    batch.undo(batch.operations()["id"].iloc[0])
    assert batch.call(row) == before
    assert set(loud(batch)) >= between(8, 10)
    with pytest.raises(ValueError, match="Nothing was masked"):
        turn_edit({**event, "end": 99})


def test_a_silenced_copy_comes_back_with_undo_and_its_original_holds_the_call(
    ledger: reddy.Ledger, tmp_path: Path
) -> None:
    batch = load(ledger, timed(), "a.mp3")
    row = batch.rows()[0]
    path = tmp_path / "a.mp3"
    path.write_bytes(encoded(".mp3", [tone(10.0, 16_000) + 0.1], 16_000))
    batch.attach(row, path)
    batch.apply(MaskPersonalData(kinds=("card",)))
    copy = batch.recording(row)
    batch.attach(row, path)
    assert batch.recording(row) != copy
    assert held_for(batch) == ["mask-still-heard"]
    undone = batch.undo(3)
    assert batch.recording(row) == copy
    assert held_for(batch) == []
    batch.undo(undone)
    assert batch.recording(row) != copy
    assert held_for(batch) == ["mask-still-heard"]


def test_a_copy_in_which_not_all_could_be_silenced_holds_the_call_whenever_it_is_attached(
    ledger: reddy.Ledger,
) -> None:
    lines = json.loads(timed())
    del lines[3]["start"], lines[3]["stop"]  # nothing tells when the code is said
    batch = load(ledger, json.dumps(lines))
    attach(batch, WHOLE)
    row = batch.rows()[0]
    batch.apply(MaskPersonalData())
    copy = batch.recording(row)
    assert copy is not None
    assert not set(loud(batch)) & between(2, 5)
    assert held_for(batch) == ["mask-still-heard"]
    batch.detach(row)
    batch.attach(row, copy)
    assert held_for(batch) == ["mask-still-heard"]


def test_a_detached_recording_comes_back_with_undo_and_goes_with_redo(ledger: reddy.Ledger) -> None:
    batch = load(ledger, timed())
    attach(batch, WHOLE)
    row = batch.rows()[0]
    had = batch.recording(row)
    batch.detach(row)
    assert batch.recording(row) is None
    back = batch.undo(2)
    assert batch.recording(row) == had
    assert batch.counts()["ready"] == 1
    batch.undo(back)
    assert batch.recording(row) is None


def test_a_recording_that_was_replaced_by_another_of_the_same_name_is_not_detached_by_undoing_the_first(
    ledger: reddy.Ledger,
) -> None:
    batch = load(ledger, timed())
    attach(batch, WHOLE)
    attach(batch, wav_bytes(tone(5.0)))
    row = batch.rows()[0]
    second = batch.recording(row)
    with pytest.raises(CannotUndo, match=r"changed again since \(the last time by “Attach a\.wav”"):
        batch.undo(1)
    assert batch.recording(row) == second
    batch.undo(2)
    batch.undo(1)
    assert batch.recording(row) is None


def test_the_reason_is_the_file_where_an_earlier_recording_cannot_be_found(
    ledger: reddy.Ledger, tmp_path: Path
) -> None:
    batch = load(ledger, timed())
    row = batch.rows()[0]
    path = tmp_path / "a.wav"
    path.write_bytes(wav_bytes(tone(3.0) + 0.2))  # no other call has this content
    batch.attach(row, path)
    attach(batch, wav_bytes(tone(5.0)))
    with pytest.raises(CannotUndo, match="the recording that its call had before cannot be found any more"):
        batch.undo(2)


def test_undoing_a_mask_holds_the_call_where_a_code_that_stays_masked_is_heard_again(
    ledger: reddy.Ledger,
) -> None:
    batch = load(ledger, timed())
    attach(batch, WHOLE)
    row = batch.rows()[0]
    batch.undo(batch.apply(MaskPersonalData()))
    assert "[security code]" in payload_json(batch.call(row)).decode()
    assert set(loud(batch)) >= between(7, 8)
    assert "mask-still-heard" in {one.code for one in batch.findings_of(row) if one.severity == "error"}


def test_a_recording_that_cannot_be_read_holds_its_call_and_the_others_go_on(
    ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = load(ledger, "[14:02:30] Agent: The card number?\n[14:02:33] Customer: 4111 1111 1111 1111")
    attach(batch, WHOLE)

    def broken(file: object) -> float:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("reddy_lib.batches.sound_masks.length_of", broken)
    batch.apply(MaskPersonalData())
    row = batch.rows()[0]
    assert "[card number]" in payload_json(batch.call(row)).decode()
    [found] = [one for one in batch.findings_of(row) if one.code == "mask-still-heard"]
    assert "Input/output error" in found.message


def test_an_original_that_came_back_on_purpose_is_not_decoded_again(
    ledger: reddy.Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = load(ledger, timed())
    attach(batch, WHOLE)
    batch.apply(MaskPersonalData())
    monkeypatch.setattr(
        "reddy_lib.batches.sound_masks.silence_recording", lambda *_: pytest.fail("it was decoded")
    )
    attach(batch, WHOLE)
    assert batch.counts()["held"] == 1
