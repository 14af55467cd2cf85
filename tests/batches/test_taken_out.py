"""Personal data that a person takes out of the words can still be heard: its seconds are masked like those of a mask."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import reddy_lib as reddy
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.steps import Replace, SwapRoles
from reddy_lib.batches.unsilenced import STILL_HEARD
from reddy_lib.model import Call, TranscriptLine
from tests.batches.test_masked_seconds import CARD, attach, load, silent

NUMBER = "5500 0000 0000 0004"


def state(batch: reddy.Batch) -> tuple[str, bool]:
    row = batch.rows()[0]
    return batch.info(row)["status"], STILL_HEARD in {one.code for one in batch.findings_of(row)}


def change(batch: reddy.Batch, function: Callable[[list[TranscriptLine]], object]) -> None:
    def changed(call: Call) -> Call:
        assert call.transcript is not None
        function(call.transcript)
        return call

    batch.change(batch.rows()[0], changed)


def says(text: str, line: int = 2) -> Callable[[list[TranscriptLine]], object]:
    return lambda lines: setattr(lines[line - 1], "text", text)


def covered(batch: reddy.Batch) -> bool:
    return any(start <= CARD[0] and stop >= CARD[1] for start, stop in silent(batch))


TAKEN_OUT: dict[str, Callable[[reddy.Batch], object]] = {
    "number deleted": lambda batch: change(batch, says("Sure, .")),
    "line deleted": lambda batch: change(batch, lambda lines: lines.pop(1)),
    "another text": lambda batch: change(batch, says("Sure.")),
    "a sign that is no mask": lambda batch: change(batch, says("Sure, ???.")),
    "in braces": lambda batch: change(batch, says("Sure, {card}.")),
    "a remark": lambda batch: change(batch, says("Sure, (number removed).")),
    "bullets of another font": lambda batch: change(batch, says("Sure, ●●●●.")),
    "replaced everywhere": lambda batch: batch.apply(Replace(find=NUMBER, by="")),
    "merged with the line above": lambda batch: change(
        batch,
        lambda lines: (lines.pop(1), setattr(lines[0], "text", "What is the card number, please? Sure.")),
    ),
}


@pytest.mark.parametrize("how", TAKEN_OUT)
def test_what_is_taken_out_of_the_words_is_silent_in_a_recording_that_comes_later(
    ledger: reddy.Ledger, how: str
) -> None:
    batch = load(ledger)
    TAKEN_OUT[how](batch)
    attach(batch)
    assert covered(batch)
    assert state(batch) == ("ready", False)


@pytest.mark.parametrize("how", TAKEN_OUT)
def test_what_is_taken_out_of_the_words_holds_a_call_whose_recording_has_it(
    ledger: reddy.Ledger, how: str
) -> None:
    batch = load(ledger)
    attach(batch)
    TAKEN_OUT[how](batch)
    assert state(batch) == ("held", True)
    batch.apply(MaskPersonalData())
    assert state(batch) == ("ready", False)
    assert covered(batch)


def test_undoing_it_masks_nothing(ledger: reddy.Ledger) -> None:
    batch = load(ledger)
    attach(batch)
    change(batch, says("Sure."))
    batch.undo(max(batch.operations().index.tolist()))
    assert state(batch) == ("ready", False)
    assert batch.lines(batch.rows()[0]).loc[2, "text"] == f"Sure, {NUMBER}."


HARMLESS: dict[str, Callable[[reddy.Batch], object]] = {
    "corrected": lambda batch: change(batch, says("Sure, 4111 1111 1111 1111.")),
    "written otherwise": lambda batch: change(batch, says("Sure: 5500000000000004.")),
    "other words of its line": lambda batch: change(batch, says(f"Yes, {NUMBER}.")),
    "other lines": lambda batch: change(batch, says("Thanks.", line=5)),
    "a line without personal data": lambda batch: change(batch, lambda lines: lines.pop(4)),
    "sides": lambda batch: batch.apply(SwapRoles()),
    "split": lambda batch: change(
        batch,
        lambda lines: (
            says("Sure,")(lines),
            lines.insert(2, TranscriptLine("customer", f"{NUMBER}.", 4.0, CARD[1])),
            setattr(lines[1], "stop", 4.0),
        ),
    ),
    "merged": lambda batch: change(
        batch,
        lambda lines: (
            says(f"Sure, {NUMBER}. And the security code on the back?")(lines),
            lines.pop(2),
        ),
    ),
    "all of it": lambda batch: change(batch, lambda lines: lines.clear()),
    "order": lambda batch: change(batch, lambda lines: lines.reverse()),
}


@pytest.mark.parametrize("how", HARMLESS)
def test_a_change_that_leaves_it_in_the_words_masks_nothing(ledger: reddy.Ledger, how: str) -> None:
    batch = load(ledger)
    attach(batch)
    HARMLESS[how](batch)
    assert state(batch) == ("ready", False)
