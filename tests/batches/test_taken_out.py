"""Personal data that a person takes out of the words can still be heard: its seconds are masked like those of a mask."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import reddy_lib as reddy
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.steps import Replace, SwapRoles
from reddy_lib.batches.taken_out import taken_out
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
    "made-up digits": lambda batch: change(batch, says("Sure, 1234 1234 1234 1234.")),
    "the same digit throughout": lambda batch: change(batch, says("Sure, 0000 0000 0000 0000.")),
    "another number": lambda batch: change(batch, says("Sure, 4111 1111 1111 1111.")),
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
    "corrected": lambda batch: change(batch, says("Sure, 5500 0000 0000 0040.")),
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


def dialogue(question: str, answer: str) -> Call:
    lines = [TranscriptLine("agent", question), TranscriptLine("customer", answer)]
    return Call(agent_email="ann@example.com", product_id=1, conversation_id="c-1", transcript=lines)


PIN, PASSWORD = "Please tell me your PIN.", "What is your password?"
ADDRESS = "What is your address, please?"
SECURITY, PHONE = "And the security code on the back?", "What is your phone number?"


@pytest.mark.parametrize(
    ("question", "before", "after"),
    [
        (PIN, "My PIN is 4711.", "My PIN is 0000."),
        (PIN, "My PIN is 4 7 1 1.", "My PIN is 0 0 0 0."),
        (PIN, "My PIN is 4711.", "My PIN is 4700."),
        (SECURITY, "947.", "123."),
        (PHONE, "07911 123456", "07000 000000"),
        (PHONE, "07911 123456", "07911 000000"),
        (PASSWORD, "It is Zebrafalter.", "It is deleted."),
        (PASSWORD, "It's Zebrafalter.", "It's hidden."),
        (PASSWORD, "It is Zebrafalter.", "It is something."),
    ],
)
def test_a_filler_in_its_place_is_no_correction(question: str, before: str, after: str) -> None:
    assert list(taken_out(dialogue(question, before), dialogue(question, after))) == [2]


@pytest.mark.parametrize(
    ("question", "before", "after"),
    [
        (PIN, "My PIN is 4711.", "My PIN is 4771."),
        (PIN, "My PIN is 4711.", "My PIN is 4171."),
        (PIN, "My PIN is four seven one one.", "My PIN is 4711."),
        (PHONE, "07911 123456", "07911 123465"),
        (PHONE, "oh seven nine one one one two three four five six", "07911 123456"),
        (ADDRESS, "12 Marlow Road, Leeds.", "12 Marlowe Road, Leeds."),
        (ADDRESS, "12 Marlow Road, Leeds.", "13 Marlow Rd, Leeds."),
        (PASSWORD, "It is Zebrafalta.", "It is Zebrafalter."),
    ],
)
def test_what_resembles_it_is_a_correction(question: str, before: str, after: str) -> None:
    assert taken_out(dialogue(question, before), dialogue(question, after)) == {}
