"""The seconds that are masked belong to the call: a copy counts for those that are silent in it, and for no other."""

from __future__ import annotations

import io
import json
import uuid

import msgspec
import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

import reddy_lib as reddy
from reddy_lib.batches.edits import divide_times
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.silence_by_hand import silence_by_hand
from reddy_lib.batches.steps import Replace, ScaleTimes
from reddy_lib.batches.turn_edits import store_turn_edit, turn_edit
from reddy_lib.database.schema import calls, silenced_recordings
from reddy_lib.model import Call
from reddy_lib.recordings.attachments import open_recording
from reddy_lib.recordings.redaction import Span
from reddy_lib.recordings.wav import read_wav
from tests.conftest import ON_BOTH, on_sqlite_alone
from tests.recording_files import tone, wav_bytes

pytestmark = on_sqlite_alone(
    "which seconds are masked is worked out in Python; test_sound_masks.py stores them on both"
)

CARD, CODE = (3.0, 6.0), (9.0, 11.0)
LINES = [
    ("agent", "What is the card number, please?", 0.0, 3.0),
    ("customer", "Sure, 5500 0000 0000 0004.", *CARD),
    ("agent", "And the security code on the back?", 6.0, 9.0),
    ("customer", "That is 471", *CODE),
    ("agent", "Thanks, one moment.", 11.1, 13.9),
]
WHOLE = wav_bytes(tone(14.0) + 0.1)


def load(
    ledger: reddy.Ledger,
    transcript: object = None,
    start: str | int = 1_700_000_000,
    *,
    estimate: bool = True,
) -> reddy.Batch:
    if transcript is None:
        transcript = [
            {"role": role, "text": text, "start": start_, "stop": stop} for role, text, start_, stop in LINES
        ]
    frame = pd.DataFrame(
        {
            "conversation_id": ["c1"],
            "agent_email": ["ann@example.com"],
            "product_id": [1],
            "timestamp": [start],
            "filename": ["a.wav"],
            "transcript": [transcript if isinstance(transcript, str) else json.dumps(transcript)],
        }
    )
    mapping = None
    if not estimate:
        mapping = reddy.guess_mapping(frame).to_dict() | {"line_times": "leave out"}
    return ledger.load(frame, mapping, progress=False, timezone="UTC")


def attach(batch: reddy.Batch, content: bytes = WHOLE) -> None:
    batch.attach(batch.rows()[0], io.BytesIO(content), name="a.wav")


def content(batch: reddy.Batch) -> bytes:
    found = batch.recording(batch.rows()[0])
    assert found is not None
    with open_recording(batch.database, found) as file:
        return file.read()


def silent(batch: reddy.Batch) -> list[tuple[float, float]]:
    """From when to when nothing sounds in the attached recording, to a tenth of a second."""
    file = io.BytesIO(content(batch))
    wav = read_wav(file)
    samples = np.frombuffer(file.getvalue()[wav.begin :], "<i2")
    step = wav.rate // 10
    tenths = np.abs(samples[: len(samples) // step * step].reshape(-1, step)).max(axis=1) == 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], tenths, [False])).astype(int)))
    return [(begin / 10, end / 10) for begin, end in edges.reshape(-1, 2).tolist()]


def around(*spans: tuple[float, float]) -> list[tuple[float, float]]:
    return [(start - 0.5, stop + 0.5) for start, stop in spans]


def held_for(batch: reddy.Batch) -> str:
    found = [one.message for one in batch.findings_of(batch.rows()[0]) if one.code == "mask-still-heard"]
    assert batch.counts()["held"] == len(found)
    return " ".join(found)


def by_hand(batch: reddy.Batch, *spans: tuple[float, float]) -> None:
    recording = batch.recording(batch.rows()[0])
    assert recording is not None
    silence_by_hand(batch, batch.rows()[0], recording, [Span(*span) for span in spans])


def turn(batch: reddy.Batch, number: int, kind: str, value: str = "", at: int = 0, end: int = 0) -> None:
    row = batch.rows()[0]
    lines = batch.call(row).transcript or []
    event = {
        "id": str(uuid.uuid4()),
        "kind": kind,
        "number": number,
        "seen": msgspec.to_builtins(lines[number - 1]),
        "value": value,
        "at": at,
        "end": end,
    }
    if kind == "merge":
        event["next"] = msgspec.to_builtins(lines[number])
    assert store_turn_edit(batch, row, turn_edit(event), who="ann")


def number_of(batch: reddy.Batch, title: str) -> int:
    titles = batch.operations()["title"]
    return int(titles.index[titles.str.startswith(title)][0])


CARD_ALONE = MaskPersonalData(kinds=("card",))


class TestACopyCountsForTheMasksThatItCovers:
    def test_undoing_the_second_mask_leaves_a_code_that_is_heard_in_the_first_copy(
        self, ledger: reddy.Ledger
    ) -> None:
        batch = load(ledger)
        attach(batch)
        batch.apply(CARD_ALONE)
        batch.undo(batch.apply(MaskPersonalData()))
        assert silent(batch) == around(CARD)
        assert "from 9.0 to 11.0 s" in held_for(batch)

    def test_a_copy_comes_back_after_more_was_masked_without_it(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        attach(batch)
        batch.apply(CARD_ALONE)
        batch.detach(batch.rows()[0])
        batch.apply(MaskPersonalData())
        assert not held_for(batch)
        batch.undo(number_of(batch, "Detach"))
        assert silent(batch) == around(CARD)
        assert "from 9.0 to 11.0 s" in held_for(batch)

    def test_the_bytes_of_an_earlier_copy_are_attached_again(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        attach(batch)
        batch.apply(CARD_ALONE)
        earlier = content(batch)
        batch.apply(MaskPersonalData())
        assert silent(batch) == around(CARD, CODE)
        attach(batch, earlier)
        assert held_for(batch)

    def test_a_mask_that_comes_to_a_copy_is_silent_beside_the_first(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        attach(batch)
        batch.apply(CARD_ALONE)
        both = MaskPersonalData()
        batch.apply(both)
        latest = content(batch)
        assert not held_for(batch)
        attach(batch)
        assert held_for(batch)
        attach(batch, latest)
        assert silent(batch) == around(CARD, CODE)
        assert not held_for(batch)

    def test_seconds_silenced_by_hand_before_a_mask_do_not_cover_it(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        attach(batch)
        by_hand(batch, (0.0, 0.2))
        batch.detach(batch.rows()[0])
        batch.apply(MaskPersonalData())
        batch.undo(number_of(batch, "Detach"))
        assert silent(batch) == [(0.0, 0.2)]
        assert "from 3.0 to 6.0 s and from 9.0 to 11.0 s" in held_for(batch)

    @ON_BOTH
    def test_a_copy_of_which_an_older_version_told_nothing_counts_for_nothing(
        self, ledger: reddy.Ledger
    ) -> None:
        batch = load(ledger)
        attach(batch)
        batch.apply(MaskPersonalData())
        copy = content(batch)
        batch.detach(batch.rows()[0])
        with ledger.write() as connection:
            connection.execute(silenced_recordings.update().values(silent=sa.null()))
        attach(batch, copy)
        assert held_for(batch)

    def test_words_with_times_of_their_own_stay_covered(self, ledger: reddy.Ledger) -> None:
        words = [
            ("Sure,", 3.0, 3.5),
            ("5500", 3.6, 4.0),
            ("0000", 4.0, 4.4),
            ("0000", 4.4, 4.8),
            ("0004.", 4.8, 5.2),
        ]
        lines: list[dict[str, object]] = [
            {"role": role, "text": text, "start": start, "stop": stop} for role, text, start, stop in LINES
        ]
        lines[1]["words"] = [{"word": word, "start": start, "end": stop} for word, start, stop in words]
        batch = load(ledger, lines)
        attach(batch)
        batch.apply(CARD_ALONE)
        [(start, stop)] = silent(batch)
        assert 3.3 < start < 3.6 < 5.2 <= stop < 5.5
        recording = batch.recording(batch.rows()[0])
        assert recording is not None
        batch.detach(batch.rows()[0])
        batch.attach(batch.rows()[0], recording)
        assert not held_for(batch)
        turn(batch, 2, "mask", at=0, end=4)
        assert silent(batch) == around(CARD)


class TestSilencedByHand:
    def test_other_seconds_than_those_of_the_mask_lift_nothing(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        batch.apply(CARD_ALONE)
        attach(batch)
        attach(batch)  # the original, on purpose
        assert held_for(batch)
        by_hand(batch, (12.0, 13.0))
        assert held_for(batch)
        by_hand(batch, (4.0, 5.0))
        assert held_for(batch)
        by_hand(batch, CARD)
        assert silent(batch) == [CARD, (12.0, 13.0)]
        assert not held_for(batch)

    def test_a_mask_without_a_time_waits_for_a_person_to_say_so(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, "Agent: The card number?\nCustomer: 5500 0000 0000 0004")
        attach(batch)
        batch.apply(MaskPersonalData())
        by_hand(batch, (2.0, 4.0))
        assert "Line 2 has no time" in held_for(batch)
        batch.accept(batch.rows(), "mask-still-heard", who="ann")
        assert not held_for(batch)

    @ON_BOTH
    def test_seconds_that_were_silent_already_release_the_call(self, ledger: reddy.Ledger) -> None:
        sound = tone(14.0) + 0.1
        rate = len(sound) // 14
        sound[round(2.5 * rate) : round(6.5 * rate)] = 0.0
        batch = load(ledger)
        attach(batch, wav_bytes(sound))
        before = content(batch)
        turn(batch, 2, "text", "Sure, [card number].")
        assert held_for(batch)
        by_hand(batch, (3.1, 3.2))
        assert "from 3.0 to 6.0 s" in held_for(batch), "a part of it is not enough"
        by_hand(batch, around(CARD)[0])
        assert content(batch) == before
        assert not held_for(batch)
        assert batch.counts()["ready"] == 1

    def test_what_was_accepted_is_accepted_for_the_masks_of_then(self, ledger: reddy.Ledger) -> None:
        said = (
            "Agent: The card number?\nCustomer: 5500 0000 0000 0004\nAgent: The security code?\nCustomer: 471"
        )
        batch = load(ledger, said)
        attach(batch)
        batch.apply(CARD_ALONE)
        batch.accept(batch.rows(), "mask-still-heard", who="ann")
        batch.apply(MaskPersonalData())
        assert held_for(batch)

    def test_what_was_accepted_stays_accepted_where_another_mask_is_silenced(
        self, ledger: reddy.Ledger
    ) -> None:
        lines = [
            {"role": role, "text": text, "start": start, "stop": stop} for role, text, start, stop in LINES
        ]
        del lines[1]["start"], lines[1]["stop"]
        batch = load(ledger, lines)
        attach(batch)
        batch.apply(CARD_ALONE)
        assert held_for(batch)
        batch.accept(batch.rows(), "mask-still-heard", who="ann")
        batch.apply(MaskPersonalData())
        assert silent(batch) == around(CODE)
        assert not held_for(batch)


class TestTheSecondsBelongToTheCall:
    @pytest.mark.parametrize("recorded", [False, True])
    @pytest.mark.parametrize("edit", ["delete", "text"])
    def test_a_masked_line_that_is_deleted_or_retyped_stays_silent(
        self, ledger: reddy.Ledger, edit: str, recorded: bool
    ) -> None:
        batch = load(ledger)
        if recorded:
            attach(batch)
        batch.apply(CARD_ALONE)
        turn(batch, 2, edit, "I would rather not say.")
        if recorded:
            assert not held_for(batch), "it is silent already"
            attach(batch)
            assert "from 3.0 to 6.0 s" in held_for(batch)
        else:
            attach(batch)
            assert silent(batch) == around(CARD)
            assert not held_for(batch)

    def test_undoing_the_edit_and_the_mask_frees_them(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        done = batch.apply(CARD_ALONE)
        turn(batch, 2, "delete")
        batch.undo(number_of(batch, "Delete line"))
        batch.undo(done)
        attach(batch)
        assert silent(batch) == []
        assert not held_for(batch)

    def test_undoing_the_undo_masks_them_again(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        batch.apply(CARD_ALONE)
        turn(batch, 2, "delete")
        batch.undo(batch.undo(number_of(batch, "Delete line")))
        attach(batch)
        assert silent(batch) == around(CARD)

    def test_what_the_sheet_said_frees_them_too(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        batch.apply(CARD_ALONE)
        turn(batch, 2, "text", "Never mind.")
        batch.revert(batch.rows()[0])
        attach(batch)
        assert silent(batch) == []

    def test_they_move_with_the_unit_of_all_times(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        batch.apply(CARD_ALONE)
        turn(batch, 2, "delete")
        batch.apply(ScaleTimes(factor=0.5))
        attach(batch)
        assert silent(batch) == around((1.5, 3.0))

    def test_without_the_transcript_they_are_masked_still(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        batch.apply(CARD_ALONE)
        batch.change(batch.rows()[0], lambda call: msgspec.structs.replace(call, transcript=None))
        attach(batch)
        assert silent(batch) == around(CARD)

    def test_a_mask_that_a_person_types_holds_until_its_seconds_are_silent(
        self, ledger: reddy.Ledger
    ) -> None:
        batch = load(ledger)
        attach(batch)
        turn(batch, 2, "text", "Sure, [card number].")
        assert "from 3.0 to 6.0 s" in held_for(batch)
        by_hand(batch, around(CARD)[0])
        assert not held_for(batch)
        turn(batch, 4, "text", "That is [masked]")
        assert "from 9.0 to 11.0 s" in held_for(batch)

    @pytest.mark.parametrize("edit", ["delete", "text"])
    def test_unchanged_lines_without_times_free_no_other(self, ledger: reddy.Ledger, edit: str) -> None:
        batch = load(ledger, lines_of(LINES, times=False), estimate=False)
        assert {line.start for line in batch.call(batch.rows()[0]).transcript or []} == {None}
        batch.apply(CARD_ALONE)
        turn(batch, 2, edit, LINES[4][1])
        attach(batch)
        assert "changed or deleted since" in held_for(batch)

    def test_unchanged_lines_of_the_same_times_free_no_other(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, lines_of([(role, text, 2.0, 5.0) for role, text, _, _ in LINES]))
        batch.apply(CARD_ALONE)
        turn(batch, 2, "delete")
        attach(batch)
        assert silent(batch) == around((1.5, 6.0))

    @pytest.mark.parametrize("times", [True, False])
    def test_a_line_that_says_again_what_the_sheet_said_is_free(
        self, ledger: reddy.Ledger, times: bool
    ) -> None:
        batch = load(ledger, lines_of(LINES, times=times), estimate=False)
        turn(batch, 5, "text", "Thanks. One moment.")
        turn(batch, 2, "text", "Sure, [card number].")
        turn(batch, 2, "text", LINES[1][1])
        attach(batch)
        assert silent(batch) == []
        assert not held_for(batch)

    def test_a_lost_line_without_a_time_holds(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, "Agent: The card number?\nCustomer: 5500 0000 0000 0004\nAgent: Thanks.")
        batch.apply(MaskPersonalData())
        turn(batch, 2, "delete")
        attach(batch)
        assert "changed or deleted since" in held_for(batch)


class TestWhatHoldsACallStays:
    @ON_BOTH
    def test_checking_again_keeps_a_call_whose_only_mask_is_a_code(self, ledger: reddy.Ledger) -> None:
        """The code was removed from the call as loaded, too: both transcripts are equal."""
        batch = load(ledger)
        attach(batch)
        batch.apply(MaskPersonalData(kinds=("cvv",)))
        attach(batch)  # the original, on purpose
        assert "from 9.0 to 11.0 s" in held_for(batch)
        batch.recheck([{"id": 1, "name": "Cards", "status": "active"}])
        assert "from 9.0 to 11.0 s" in held_for(batch)
        by_hand(batch, CODE)
        assert not held_for(batch)
        assert batch.counts()["ready"] == 1

    def test_undoing_the_mask_releases_it(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger)
        done = batch.apply(CARD_ALONE)
        attach(batch)
        attach(batch)
        assert held_for(batch)
        batch.undo(done)
        assert not held_for(batch)


SHEET_MASKS = [
    ("agent", "You speak to [name].", 0.0, 2.0),
    ("agent", "Who is calling?", 2.0, 4.0),
    ("customer", "This is Smith", 4.0, 6.0),
    ("agent", "Thank you.", 6.1, 7.9),
]


def lines_of(said: list[tuple[str, str, float, float]], *, times: bool = True) -> list[dict[str, object]]:
    return [
        {"role": role, "text": text, **({"start": start, "stop": stop} if times else {})}
        for role, text, start, stop in said
    ]


class TestMasksOfTheSheet:
    """A mask that came with the sheet is its own line's, and pays for no other line."""

    @pytest.mark.parametrize("times", [True, False])
    @pytest.mark.parametrize("edit", ["delete", "text"])
    @pytest.mark.parametrize("beside", [True, False])
    @pytest.mark.parametrize("first", [True, False])
    def test_a_mask_that_is_gone_does_not_count_for_another_line(
        self, ledger: reddy.Ledger, edit: str, times: bool, beside: bool, first: bool
    ) -> None:
        said = [one for number, one in enumerate(SHEET_MASKS) if not (beside and number == 1)]
        batch = load(ledger, lines_of(said, times=times), estimate=False)
        number = 2 if beside else 3
        if first:
            turn(batch, 1, edit, "You speak to the desk.")
            number -= edit == "delete"
            turn(batch, number, "text", "This is [name]")
        else:
            turn(batch, number, "text", "This is [name]")
            turn(batch, 1, edit, "You speak to the desk.")
        attach(batch)
        assert silent(batch) == (around((4.0, 6.0)) if times else [])
        assert bool(held_for(batch)) is not times

    @pytest.mark.parametrize("times", [True, False])
    def test_edits_that_mask_nothing_hold_nothing(self, ledger: reddy.Ledger, times: bool) -> None:
        batch = load(ledger, lines_of(SHEET_MASKS, times=times))
        attach(batch)
        batch.change(
            batch.rows()[0],
            lambda call: msgspec.structs.replace(call, transcript=[*reversed(call.transcript or [])]),
        )
        assert not held_for(batch), "moved"
        batch.revert(batch.rows()[0])
        turn(batch, 1, "text", "You are speaking to [name].")
        assert not held_for(batch), "corrected"
        turn(batch, 2, "text", "Who is this?")
        turn(batch, 3, "delete")
        assert not held_for(batch), "deleted"
        batch.revert(batch.rows()[0])
        turn(batch, 1, "split", "You speak to [name].", at=len("You"))
        assert (batch.call(batch.rows()[0]).transcript or [])[1].text == "speak to [name]."
        turn(batch, 4, "text", "This is Smyth")
        assert not held_for(batch), "split"
        turn(batch, 1, "merge")
        turn(batch, 1, "merge")
        assert not held_for(batch), "merged"
        batch.revert(batch.rows()[0])
        turn(batch, 2, "delete")
        if times:
            batch.apply(ScaleTimes(factor=0.5))
        assert not held_for(batch), "another unit"
        assert silent(batch) == []

    def test_a_mask_over_more_words_than_the_sheets_is_new(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, lines_of([("agent", "You speak to [name] Smith.", 0.0, 2.0), *SHEET_MASKS[1:]]))
        attach(batch)
        turn(batch, 1, "text", "You speak to [name].")
        assert "from 0.0 to 2.0 s" in held_for(batch)

    def test_one_save_that_deletes_a_masked_line_and_masks_the_next_keeps_both(
        self, ledger: reddy.Ledger
    ) -> None:
        batch = load(ledger, lines_of([("agent", "I am Ann.", 0.0, 2.0), *SHEET_MASKS[2:]]))
        turn(batch, 1, "text", "I am [name].")

        def edited(call: reddy.Call) -> reddy.Call:
            lines = (call.transcript or [])[1:]
            lines[0] = msgspec.structs.replace(lines[0], text="This is [name]")
            return msgspec.structs.replace(call, transcript=lines)

        batch.change(batch.rows()[0], edited)
        attach(batch)
        assert silent(batch) == [(0.0, 2.5), (3.5, 6.5)]
        assert not held_for(batch)


class TestTheTextOfAMask:
    @pytest.mark.parametrize("way", ["type", "replace"])
    @pytest.mark.parametrize(
        "typed",
        ["[Card Number]", "[MASKED]", "[redacted]", "[entfernt]", "<removed>", "XXXX", "****", "████"],
    )
    def test_whatever_is_typed_in_place_of_words_holds_a_call_in_which_they_are_heard(
        self, ledger: reddy.Ledger, typed: str, way: str
    ) -> None:
        batch = load(ledger)
        attach(batch)
        if way == "type":
            turn(batch, 2, "text", f"Sure, {typed}.")
        else:
            batch.apply(Replace(find="5500 0000 0000 0004", by=typed))
        assert "from 3.0 to 6.0 s" in held_for(batch)

    def test_a_word_that_is_corrected_is_no_mask(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, lines_of([("agent", "[noise] Hallo, XXXX", 0.0, 2.1), *LINES[1:]]))
        attach(batch)
        turn(batch, 1, "text", "[noise] Hello, XXXX")
        assert not held_for(batch)

    """Where only the words of a mask are silent, it counts for the text that the line had then."""

    def by_words(self, ledger: reddy.Ledger, rest: str = "not 4111 1111 1111 1111") -> reddy.Batch:
        words = ["Sure,", "5500", "0000", "0000", "0004", *rest.split()]
        lines = lines_of(LINES)
        lines[1]["text"] = " ".join(words)
        lines[1]["words"] = [
            {"word": word, "start": 3 + at * 0.3, "end": 3.25 + at * 0.3} for at, word in enumerate(words)
        ]
        batch = load(ledger, lines)
        attach(batch)
        row = batch.rows()[0]
        text = (batch.call(row).transcript or [])[1].text
        turn(batch, 2, "mask", at=text.index("5500"), end=text.index(f" {rest}"))
        [(start, stop)] = silent(batch)
        assert 3.0 < start < stop < 5.0, "only the words"
        assert not held_for(batch)
        return batch

    def test_a_mask_that_moves_within_its_line_is_not_silent(self, ledger: reddy.Ledger) -> None:
        batch = self.by_words(ledger)
        turn(batch, 2, "text", "Sure, 5500 0000 0000 0004 not [masked]")
        assert "from 3.0 to 6.0 s" in held_for(batch)
        turn(batch, 2, "delete")
        assert "from 3.0 to 6.0 s" in held_for(batch)
        by_hand(batch, CARD)
        assert not held_for(batch)

    def test_a_masked_line_that_is_deleted_is_as_silent_as_it_was(self, ledger: reddy.Ledger) -> None:
        batch = self.by_words(ledger, "for the blue card")
        turn(batch, 2, "delete")
        assert not held_for(batch)
        attach(batch)
        assert held_for(batch)

    def test_a_deleted_line_has_another_number_that_can_be_heard(self, ledger: reddy.Ledger) -> None:
        batch = self.by_words(ledger)
        turn(batch, 2, "delete")
        assert "from 3.0 to 6.0 s" in held_for(batch)

    def test_what_was_accepted_is_not_accepted_for_the_same_mask_in_another_line(
        self, ledger: reddy.Ledger
    ) -> None:
        batch = load(ledger)
        attach(batch)
        turn(batch, 1, "text", "What is the [masked], please?")
        batch.accept(batch.rows(), "mask-still-heard", who="ann")
        assert not held_for(batch)

        def edited(call: reddy.Call) -> reddy.Call:
            lines = list(call.transcript or [])
            lines[0] = msgspec.structs.replace(lines[0], text="What is the card number, please?")
            lines[3] = msgspec.structs.replace(lines[3], text="That is [masked]")
            return msgspec.structs.replace(call, transcript=lines)

        batch.change(batch.rows()[0], edited)
        assert "from 9.0 to 11.0 s" in held_for(batch)


class TestTimesThatAreEstimates:
    LONG = "I have been on hold for ages and would like to get this over with, so here it comes: 5500 0000 0000 0004"

    def split(self, ledger: reddy.Ledger, *, first: bool) -> reddy.Batch:
        lines = [
            ("agent", "The card number?", 0, 2),
            ("customer", self.LONG, 2, 30),
            ("agent", "Thanks.", 30.1, 31.9),
        ]
        batch = load(
            ledger, [dict(zip(("role", "text", "start", "stop"), line, strict=True)) for line in lines]
        )
        if first:
            batch.apply(CARD_ALONE)
        text = (batch.call(batch.rows()[0]).transcript or [])[1].text
        turn(batch, 2, "split", text, at=text.index("so here"))
        return batch

    @ON_BOTH
    @pytest.mark.parametrize("first", [True, False])
    def test_a_part_of_a_split_line_takes_the_time_of_the_whole(
        self, ledger: reddy.Ledger, first: bool
    ) -> None:
        batch = self.split(ledger, first=first)
        attach(batch, wav_bytes(tone(32.0) + 0.1))
        if not first:
            batch.apply(CARD_ALONE)
        assert silent(batch) == [(1.5, 30.5)]
        assert not held_for(batch)
        assert list(batch.lines(batch.rows()[0])["times"]) == ["source", "estimated", "estimated", "source"]
        assert batch.provenance(batch.rows()[0])["times"].iloc[0] == "estimated"

    def test_so_does_a_part_of_a_part_and_one_that_was_merged_with_the_next(
        self, ledger: reddy.Ledger
    ) -> None:
        batch = self.split(ledger, first=False)
        text = (batch.call(batch.rows()[0]).transcript or [])[2].text
        turn(batch, 3, "split", text, at=text.index("5500"))
        turn(batch, 4, "merge")
        batch.apply(CARD_ALONE)
        attach(batch, wav_bytes(tone(32.0) + 0.1))
        assert silent(batch) == [(1.5, 32.0)]

    def test_undoing_the_split_gives_the_line_its_times_back(self, ledger: reddy.Ledger) -> None:
        batch = self.split(ledger, first=False)
        batch.undo(number_of(batch, "Split"))
        assert set(batch.lines(batch.rows()[0])["times"]) == {"source"}
        assert batch.counts()["ready"] == 1

    @ON_BOTH
    def test_a_line_merged_with_one_of_estimated_times_has_none(self, ledger: reddy.Ledger) -> None:
        lines = [
            {"role": role, "text": text, "start": start, "stop": stop} for role, text, start, stop in LINES
        ]
        del lines[2]["start"], lines[2]["stop"]
        batch = load(ledger, lines)
        turn(batch, 3, "merge")
        batch.apply(MaskPersonalData(kinds=("cvv",)))
        attach(batch)
        assert "Line 3 has no time" in held_for(batch)

    @pytest.mark.parametrize("way", ["step", "button"])
    @pytest.mark.parametrize("typed", [False, True])
    def test_another_unit_of_all_times_makes_no_estimate_exact(
        self, ledger: reddy.Ledger, way: str, typed: bool
    ) -> None:
        lines = lines_of(
            [(role, text, start * 1000.7, stop * 1000.7) for role, text, start, stop in LINES], times=True
        )
        for at in (1, 2):
            del lines[at]["start"], lines[at]["stop"]
        batch = load(ledger, lines)
        assert list(batch.lines(batch.rows()[0])["times"])[1] == "estimated"

        def stop_at_13(call: reddy.Call) -> reddy.Call:
            *others, last = call.transcript or []
            return msgspec.structs.replace(
                call, transcript=[*others, msgspec.structs.replace(last, stop=13.25)]
            )

        if way == "step":
            batch.apply(ScaleTimes(factor=1 / 700))
        else:
            batch.change(batch.rows()[0], divide_times)
        if typed:
            batch.change(batch.rows()[0], stop_at_13)
        assert list(batch.lines(batch.rows()[0])["times"])[1:3] == ["estimated", "estimated"]
        attach(batch, wav_bytes(tone(25.0) + 0.1))
        batch.apply(CARD_ALONE)
        assert silent(batch) == []
        assert "Line 2 has no time" in held_for(batch)

    @pytest.mark.parametrize("way", ["step", "button"])
    def test_nor_that_of_a_line_that_was_split(self, ledger: reddy.Ledger, way: str) -> None:
        batch = self.split(ledger, first=False)
        if way == "step":
            batch.apply(ScaleTimes(factor=1 / 3))
        else:
            batch.change(batch.rows()[0], divide_times)
        assert list(batch.lines(batch.rows()[0])["times"]) == ["source", "estimated", "estimated", "source"]

    @ON_BOTH
    def test_a_call_without_marks_of_its_times_knows_those_of_a_split(self, ledger: reddy.Ledger) -> None:
        """Earlier versions stored none."""
        batch = self.split(ledger, first=False)
        with ledger.write() as connection:
            connection.execute(calls.update().values(times=sa.null()))
        attach(batch, wav_bytes(tone(32.0) + 0.1))
        batch.apply(CARD_ALONE)
        assert silent(batch) == [(1.5, 30.5)]
        assert list(batch.lines(batch.rows()[0])["times"]) == ["", "estimated", "estimated", ""]

    @pytest.mark.parametrize("clock", ["[00:0{}] {}: {}", None])
    def test_the_last_line_is_silent_from_its_own_start(
        self, ledger: reddy.Ledger, clock: str | None
    ) -> None:
        lines = [("Agent", "Hello.", 0), ("Agent", "And the security code?", 4), ("Customer", "471", 7)]
        said: object = [{"role": role.lower(), "text": text, "start": start} for role, text, start in lines]
        if clock:
            said = "\n".join(clock.format(start, role, text) for role, text, start in lines)
        batch = load(ledger, said)
        attach(batch)
        batch.apply(MaskPersonalData())
        assert silent(batch) == [(6.0, 14.0)]
        assert not held_for(batch)


class TestTimesOfDay:
    SAID = (
        "[14:02:30] Agent: The card number?\n[14:02:33] Customer: 5500 0000 0000 0004\n"
        "[14:02:37] Agent: Thank you.\n[14:02:40] Agent: Goodbye."
    )

    @pytest.mark.parametrize("dated", [False, True])
    def test_the_start_of_the_call_tells_where_they_are(self, ledger: reddy.Ledger, dated: bool) -> None:
        said = self.SAID.replace("[", "[2024-03-05 ") if dated else self.SAID
        batch = load(ledger, said, "2024-03-05 14:02:10")
        attach(batch, wav_bytes(tone(35.0) + 0.1))
        batch.apply(MaskPersonalData())
        # the recording begins between the start and the first line, and clocks leave out up to a second
        assert silent(batch) == around((2.0, 28.0))
        assert not held_for(batch)

    @pytest.mark.parametrize(
        ("start", "why"),
        [
            ("2024-03-05 12:02:10", "another zone, or another call"),
            ("2024-03-05 14:00:10", "the recording is too short for it"),
            ("2024-03-05 14:02:40", "after the first line"),
        ],
    )
    def test_without_it_nothing_is_silenced_by_them(self, ledger: reddy.Ledger, start: str, why: str) -> None:
        batch = load(ledger, self.SAID, start)
        attach(batch, wav_bytes(tone(35.0) + 0.1))
        batch.apply(MaskPersonalData())
        assert silent(batch) == [], why
        assert "times of day" in held_for(batch)

    def test_a_recording_as_long_as_the_transcript_leaves_little_open(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, self.SAID)
        attach(batch, wav_bytes(tone(12.0) + 0.1))
        batch.apply(MaskPersonalData())
        assert silent(batch) == [(1.5, 10.5)], "it may have begun two seconds before"
        assert not held_for(batch)

    def test_a_start_from_the_transcript_itself_tells_nothing(self, ledger: reddy.Ledger) -> None:
        frame = pd.DataFrame(
            {
                "conversation_id": ["c1"],
                "agent_email": ["ann@example.com"],
                "product_id": [1],
                "filename": ["a.wav"],
                "transcript": [self.SAID.replace("[", "[2024-03-05 ")],
            }
        )
        batch = ledger.load(frame, progress=False, timezone="UTC")
        assert batch.call(batch.rows()[0]).timestamp is not None
        attach(batch, wav_bytes(tone(35.0) + 0.1))
        batch.apply(MaskPersonalData())
        assert "times of day" in held_for(batch)

    def test_a_start_that_is_corrected_places_them(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, self.SAID, "2024-03-05 12:02:10")
        row = batch.rows()[0]
        attach(batch, wav_bytes(tone(35.0) + 0.1))
        batch.apply(MaskPersonalData())
        batch.change(row, lambda call: msgspec.structs.replace(call, timestamp=(call.timestamp or 0) + 7_200))
        batch.apply(MaskPersonalData())
        assert silent(batch) == around((2.0, 28.0))
        assert not held_for(batch)

    @pytest.mark.parametrize("dated", [False, True])
    def test_so_it_does_where_each_row_is_a_line(self, ledger: reddy.Ledger, dated: bool) -> None:
        said = [line.partition("] ") for line in self.SAID.splitlines()]
        one = {
            "agent_email": "ann@example.com",
            "product_id": 1,
            "timestamp": "2024-03-05 12:02:10",
            "start": [("2024-03-05 " if dated else "") + clock[1:] for clock, _, _ in said],
            "role": [words.partition(": ")[0] for _, _, words in said],
            "text": [words.partition(": ")[2] for _, _, words in said],
        }
        frames = [
            pd.DataFrame({"conversation_id": id, "filename": f"{id}.wav", **one}) for id in ("c1", "c2")
        ]
        batch = ledger.load(pd.concat(frames), progress=False, timezone="UTC")
        row = batch.rows()[0]
        attach(batch, wav_bytes(tone(35.0) + 0.1))
        batch.apply(MaskPersonalData())
        assert "Correct the start of the call" in held_for(batch)
        batch.change(row, lambda call: msgspec.structs.replace(call, timestamp=(call.timestamp or 0) + 7_200))
        batch.apply(MaskPersonalData())
        assert silent(batch) == around((2.0, 28.0))
        assert not held_for(batch)

    @ON_BOTH
    def test_where_the_first_clock_was_not_stored_no_start_is_asked_for(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, self.SAID, "2024-03-05 14:02:10")
        with ledger.write() as connection:
            told = connection.execute(sa.select(calls.c.source_findings)).scalar_one()
            older = [{**one, "value": ""} for one in json.loads(told)]
            connection.execute(calls.update().values(source_findings=json.dumps(older)))
        attach(batch, wav_bytes(tone(35.0) + 0.1))
        batch.apply(MaskPersonalData())
        assert "times of day" in held_for(batch)
        assert "Correct" not in held_for(batch)
        assert "by hand" in held_for(batch)

    def test_the_first_line_is_silent_with_its_margin(self, ledger: reddy.Ledger) -> None:
        said = (
            "[14:02:30] Customer: 5500 0000 0000 0004\n[14:02:37] Agent: Thank you.\n[14:02:40] Agent: Bye."
        )
        batch = load(ledger, said, "2024-03-05 14:02:10")
        attach(batch, wav_bytes(tone(35.0) + 0.1))
        batch.apply(MaskPersonalData())
        assert silent(batch) == [(0.0, 28.5)]
        assert not held_for(batch)

    def test_the_last_line_is_silent_to_the_end_and_no_further(self, ledger: reddy.Ledger) -> None:
        lines = [
            {"role": "agent", "text": "The card number?", "start": "14:02:30", "stop": "14:02:33"},
            {
                "role": "customer",
                "text": "5500 0000 0000 0004",
                "start": "14:02:33",
                "stop": "14:02:37",
            },
        ]
        batch = load(ledger, lines, "2024-03-05 14:02:10")
        attach(batch, wav_bytes(tone(27.2) + 0.1))
        batch.apply(MaskPersonalData())
        assert silent(batch) == [(1.5, 27.2)]
        assert not held_for(batch)

    @pytest.mark.parametrize("dated", [False, True])
    def test_clocks_in_whole_minutes_leave_out_up_to_a_minute(
        self, ledger: reddy.Ledger, dated: bool
    ) -> None:
        said = (
            "[14:02:00] Agent: Good morning.\n[14:03:00] Agent: The card number?\n"
            "[14:04:00] Customer: 5500 0000 0000 0004\n[14:05:00] Agent: Thank you."
        )
        batch = load(ledger, said.replace("[", "[2024-03-05 ") if dated else said, "2024-03-05 14:01:50")
        attach(batch, wav_bytes(tone(300.0, 1_000) + 0.1, rate=1_000))
        batch.apply(MaskPersonalData())
        assert silent(batch) == around((60.0, 250.0))
        assert not held_for(batch)

    def test_a_time_that_a_person_typed_may_be_of_either_clock(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, self.SAID, "2024-03-05 14:02:10")
        attach(batch, wav_bytes(tone(60.0) + 0.1))
        row = batch.rows()[0]

        def typed(call: Call) -> Call:
            lines = list(call.transcript or [])
            lines[1] = msgspec.structs.replace(lines[1], start=3.5, stop=6.5)
            return msgspec.structs.replace(call, transcript=lines)

        batch.change(row, typed)
        batch.apply(MaskPersonalData())
        assert silent(batch) == around((2.5, 27.5))
        assert not held_for(batch)
        attach(batch, wav_bytes(tone(60.0) + 0.2))
        turn(batch, 2, "delete")
        assert silent(batch) == around((2.5, 27.5)), "the seconds of a deleted line as well"

    def test_a_typed_time_near_the_end_does_not_tell_where_the_others_are(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, self.SAID)
        attach(batch, wav_bytes(tone(22.0) + 0.1))
        row = batch.rows()[0]

        def typed(call: Call) -> Call:
            lines = list(call.transcript or [])
            lines[3] = msgspec.structs.replace(lines[3], start=20.0, stop=21.8)
            return msgspec.structs.replace(call, transcript=lines)

        batch.change(row, typed)
        batch.apply(MaskPersonalData())
        assert silent(batch) == []
        assert "times of day" in held_for(batch)

    @pytest.mark.parametrize("wait", [9, 25, 40])
    @pytest.mark.parametrize("tail", [1, 50])
    @pytest.mark.parametrize("layout", ["rows", "dated rows", "json", "epochs", "text"])
    def test_a_recording_may_begin_as_late_as_the_first_line(
        self, ledger: reddy.Ledger, layout: str, tail: int, wait: int
    ) -> None:
        first = pd.Timestamp("2024-03-05 14:02:50.3", tz="UTC")
        said = [
            ("agent", "What can I do for you?", 0, 4),
            ("agent", "What is the card number?", 4, 8),
            ("customer", "Sure, 5500 0000 0000 0004.", 8.7, 13.9),
            ("agent", "Thanks, one moment.", 14.2, 18),
        ]
        moments = [
            (role, text, first + pd.Timedelta(seconds=begin), first + pd.Timedelta(seconds=end))
            for role, text, begin, end in said
        ]
        started = f"{first - pd.Timedelta(seconds=wait):%Y-%m-%d %H:%M:%S}"
        one = {
            "conversation_id": "c1",
            "agent_email": "ann@example.com",
            "product_id": 1,
            "timestamp": started,
        }
        if "rows" in layout:
            form = "%Y-%m-%d %H:%M:%S" if "dated" in layout else "%H:%M:%S"
            rows = [
                {**one, "role": role, "text": text, "start": begin.strftime(form)}
                for role, text, begin, _ in moments
            ]
            rows += [row | {"conversation_id": "c2"} for row in rows]
        elif layout == "text":
            lines = [f"[{begin:%Y-%m-%d %H:%M:%S}] {role}: {text}" for role, text, begin, _ in moments]
            rows = [{**one, "transcript": "\n".join(lines)}]
        else:
            rows = [
                {
                    **one,
                    "transcript": json.dumps(
                        [
                            {"speaker": role, "text": text}
                            | (
                                {"time": begin.isoformat()}
                                if layout == "json"
                                else {"startMs": begin.value // 10**6, "endMs": end.value // 10**6}
                            )
                            for role, text, begin, end in moments
                        ]
                    ),
                }
            ]
        batch = ledger.load(rows, progress=False, timezone="UTC")
        attach(batch, wav_bytes(tone(18.0 + tail) + 0.1))
        batch.apply(CARD_ALONE)
        masked = [span for span in silent(batch) if span[0] <= 8.7 and span[1] >= 13.9]
        assert masked or held_for(batch), silent(batch)
        if wait < 30 or tail < 30:
            assert not held_for(batch), "what may be it is silent"

    def test_clocks_in_whole_seconds_leave_the_rest_out(self, ledger: reddy.Ledger) -> None:
        batch = load(ledger, lines_of([(role, text, int(a), int(b)) for role, text, a, b in LINES]))
        attach(batch)
        batch.apply(CARD_ALONE)
        assert silent(batch) == [(2.0, 7.5)]
        assert not held_for(batch)

    def test_a_start_that_is_corrected_later_takes_no_word_out_of_the_silence(
        self, ledger: reddy.Ledger
    ) -> None:
        said = [(begin + 17, role, text) for role, text, begin, _ in LINES]
        lines = [
            {"speaker": role, "text": text, "time": f"2024-03-05T14:02:{at:04.1f}"} for at, role, text in said
        ]
        batch = load(ledger, json.dumps(lines), "2024-03-05 14:02:00")
        attach(batch)
        batch.apply(CARD_ALONE)
        batch.update(batch.rows(), timestamp=pd.Timestamp("2024-03-05 14:02:17", tz="UTC").timestamp())
        assert held_for(batch) or any(a <= CARD[0] and b >= CARD[1] for a, b in silent(batch))

    def test_times_from_the_start_of_the_call_are_those_of_a_longer_recording(
        self, ledger: reddy.Ledger
    ) -> None:
        batch = load(ledger)
        attach(batch, wav_bytes(tone(60.0) + 0.1))
        batch.apply(CARD_ALONE)
        assert silent(batch) == around(CARD)
        assert not held_for(batch)


@pytest.mark.parametrize("later", [2.0, 5.0])
def test_a_recording_that_ends_before_the_transcript_may_begin_later(
    ledger: reddy.Ledger, later: float
) -> None:
    batch = load(ledger)
    attach(batch, wav_bytes(tone(14.3 - later) + 0.1))
    batch.apply(CARD_ALONE)
    assert "ends before the transcript does" in held_for(batch)
    attach(batch, wav_bytes(tone(14.3) + 0.2))
    assert not held_for(batch)


def test_words_after_the_end_of_a_recording_are_not_silent_in_it(ledger: reddy.Ledger) -> None:
    batch = load(ledger)
    attach(batch, wav_bytes(tone(5.5) + 0.1))
    batch.apply(MaskPersonalData())
    assert silent(batch) == [(2.5, 5.5)]
    assert "ends before these words" in held_for(batch)
    batch.change(batch.rows()[0], lambda call: msgspec.structs.replace(call, conversation_id="c2"))
    assert held_for(batch)
