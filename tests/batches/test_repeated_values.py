"""What was found in the words of a call is masked in its tags too, however it is written there, and the other way round."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reddy_lib.batches import said_in_call
from reddy_lib.batches.masking import MaskPersonalData
from reddy_lib.batches.said_in_call import items_of
from reddy_lib.model import Call, Tag, TranscriptLine
from reddy_lib.personal_data import Said, find_personal_data

CARD = "4762 1100 2233 4453"
SPOKEN = "four seven six two one one oh oh double two double three four four five three"


def call(question: str, answer: str, tag: str | int | float, key: str = "Notes") -> Call:
    lines = [
        TranscriptLine("agent", question),
        TranscriptLine("customer", answer),
        TranscriptLine("agent", "Thanks."),
    ]
    return Call(
        agent_email="ann@example.com",
        product_id=1,
        conversation_id="c-1",
        transcript=lines,
        tags=[Tag(key, tag, "string" if isinstance(tag, str) else "integer")],
    )


def masked(made: Call, kinds: tuple[str, ...] | None = None) -> object:
    step = MaskPersonalData() if kinds is None else MaskPersonalData(kinds=kinds)
    (tag,) = step.edited(made).tags or []
    return tag.value


@pytest.mark.parametrize(
    "answer",
    [
        CARD,
        CARD.replace(" ", ""),
        CARD.replace(" ", "-"),
        SPOKEN,
        f"It's {SPOKEN.replace(' double two', ', double two')}.",
    ],
)
@pytest.mark.parametrize(
    "written", [CARD, CARD.replace(" ", ""), CARD.replace(" ", "-"), CARD.replace(" ", "  ")]
)
def test_a_number_is_found_in_a_note_however_it_is_said_and_written(answer: str, written: str) -> None:
    made = call("What is the card number?", answer, f"ref {written} done")
    assert masked(made) == "ref [card number] done"


@pytest.mark.parametrize(
    ("question", "answer", "note", "after"),
    [
        (
            "What is your password?",
            "It is Zebrafalter.",
            "customer said Zebrafalter, ok",
            "customer said [password], ok",
        ),
        ("What is your password?", "It is Zebrafalter.", "zebrafalter", "[password]"),
        (
            "Please tell me your PIN.",
            "My PIN is 5386.",
            "typed 5386 for her",
            "typed [PIN or one-time code] for her",
        ),
        ("And the security code on the back?", "947.", "gave 947 twice", "gave [security code] twice"),
        (
            "What is your phone number?",
            "oh seven nine one one one two three four five six",
            "try +44 7911 123456 later",
            "try [phone number] later",
        ),
        (
            "What is your full name, please?",
            "My name is Maria Lopez.",
            "spoke to maria  lopez",
            "spoke to [name]",
        ),
        (
            "And your customer number?",
            "It is seven seven one two double nine four.",
            "see 7712994 please",
            "see [customer or policy number] please",
        ),
    ],
)
def test_what_only_the_words_tell_is_masked_in_a_note(
    question: str, answer: str, note: str, after: str
) -> None:
    assert masked(call(question, answer, note)) == after


@pytest.mark.parametrize(
    ("question", "answer", "tag"),
    [
        ("Please tell me your PIN.", "My PIN is 5386.", 5386),  # a count, for all that anyone knows
        ("Please tell me your PIN.", "My PIN is 5386.", "5386"),
        ("Please tell me your PIN.", "My PIN is 5386.", "order 15386 and 538 61"),
        ("What is your name?", "Maria.", "market santa maria"),
        ("What is the card number?", CARD, "order 47621100223344530"),
    ],
)
def test_what_may_be_alike_by_chance_stays(question: str, answer: str, tag: str | int) -> None:
    assert masked(call(question, answer, tag, "Result")) == tag


def test_a_number_in_a_tag_of_numbers_is_masked() -> None:
    assert (
        masked(call("What is your account number?", "77129943", 77129943, "Result"))
        == "[customer or policy number]"
    )


def test_kinds_that_were_not_chosen_stay() -> None:
    made = call("What is the card number?", CARD, "pays with 4762110022334453")
    assert masked(made, ("pin", "cvv")) == "pays with 4762110022334453"


def test_it_is_counted_and_gone_after_masking() -> None:
    made = call("What is your password?", "It is Zebrafalter.", "said Zebrafalter")
    assert sorted(kind for kind, _ in items_of(made)) == ["password", "password"]
    assert items_of(MaskPersonalData().edited(made)) == set()


def test_the_value_of_a_tag_is_masked_in_the_words_too() -> None:
    made = call("One moment.", "I see 77129943 on my screen.", "77129943", "Account number")
    lines = MaskPersonalData().edited(made).transcript or []
    assert lines[1].text == "I see [customer or policy number] on my screen."


def test_a_masked_word_is_no_value() -> None:
    made = call("What is your password?", "It is [password].", "forgot the password")
    assert masked(made) == "forgot the password"


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("call_4762110022334453.wav", "call_masked.wav"),
        ("4762-1100-2233-4453 ann.mp3", "masked ann.mp3"),
        ("call_47621100223344530.wav", "call_47621100223344530.wav"),
    ],
)
def test_a_number_in_the_name_of_the_recording_is_masked(name: str, after: str) -> None:
    made = msgspec.structs.replace(call("What is the card number?", SPOKEN, "paid"), filename=name)
    assert MaskPersonalData().edited(made).filename == after
    assert MaskPersonalData(kinds=("pin",)).edited(made).filename == name


PHONE, EMAIL = "What is your phone number?", "What is your email address?"


@pytest.mark.parametrize(
    ("question", "answer", "name", "after"),
    [
        (PHONE, "07911 123456", "447911123456_20260301.wav", "masked_20260301.wav"),
        (PHONE, "oh seven nine one one one two three four five six", "447911123456.wav", "masked.wav"),
        (PHONE, "+44 7911 123456", "07911123456-1.wav", "masked-1.wav"),
        (PHONE, "0044 7911 123456", "07911123456-1.wav", "masked-1.wav"),
        (PHONE, "+44 (0)7911 123456", "447911123456.wav", "masked.wav"),
        (PHONE, "+1 202 555 0143", "2025550143.wav", "masked.wav"),
        (PHONE, "07911 123456", "call_9907911123456001.wav", "call_9907911123456001.wav"),
        (EMAIL, "john dot carter at gmail dot com", "john.carter@gmail.com_1.wav", "masked_1.wav"),
        (EMAIL, "john underscore carter seven at gmail dot com", "john_carter7@gmail.com.wav", "masked.wav"),
        (EMAIL, "maria punto lopez arroba gmail punto com", "maria.lopez@gmail.com.wav", "masked.wav"),
        (EMAIL, "john.carter@gmail.com", "john.carter(at)gmail.com.wav", "masked.wav"),
    ],
)
def test_the_name_of_the_recording_may_write_it_otherwise(
    question: str, answer: str, name: str, after: str
) -> None:
    made = msgspec.structs.replace(call(question, answer, "paid"), filename=name)
    assert MaskPersonalData().edited(made).filename == after


@pytest.mark.parametrize(
    "written", ["john.carter@gmail.com", "john.carter(at)gmail.com", "JohnCarter @ gmail.com"]
)
def test_a_spoken_email_address_is_found_in_a_note(written: str) -> None:
    made = call(EMAIL, "john dot carter at gmail dot com", f"writes from {written} only")
    assert masked(made) == "writes from [email] only"


def named(made: Call, name: str) -> Call:
    return msgspec.structs.replace(made, filename=name)


@pytest.mark.parametrize(
    ("answer", "tag", "name", "after"),
    [
        ("It's [phone number].", "paid", "07911123456.wav", "masked.wav"),
        ("It's [phone number].", "paid", "447911123456_20260301_101500.wav", "masked_20260301_101500.wav"),
        ("Sure.", "call [phone number] back", "+447911123456.wav", "masked.wav"),
        ("It's [card number].", "paid", "call_4111111111111111.wav", "call_masked.wav"),
        ("It's [card number].", "paid", "07911123456.wav", "07911123456.wav"),  # not its kind
        ("It's [phone number].", "paid", "20260301101500.wav", "20260301101500.wav"),
        ("It's [phone number].", "paid", "1710147910.447.wav", "1710147910.447.wav"),
        ("Sure.", "paid", "07911123456.wav", "07911123456.wav"),  # an id, for all that anyone knows
        ("Sure.", "paid", "john.carter@gmail.com.wav", "masked.wav"),
        ("It's [email].", "paid", "call_john.carter@gmail.com_1.wav", "masked_1.wav"),
        ("Sure.", "paid", "ann@example.com_17.wav", "ann@example.com_17.wav"),  # the agent's
    ],
)
def test_what_is_masked_already_tells_what_the_name_of_the_recording_has(
    answer: str, tag: str, name: str, after: str
) -> None:
    made = named(call("Anything else?", answer, tag), name)
    assert MaskPersonalData().edited(made).filename == after
    assert len(items_of(made)) == (after != name)
    assert not items_of(MaskPersonalData().edited(made))


def test_the_value_of_a_tag_is_masked_in_the_name_of_the_recording_too() -> None:
    made = named(call("One moment.", "Sure.", "77129943", "Account number"), "77129943_a.wav")
    assert MaskPersonalData().edited(made).filename == "masked_a.wav"
    assert [kind for kind, _ in items_of(made)] == ["account", "account"]


def test_a_name_of_a_person_does_not_rename_recordings() -> None:
    made = named(
        call("What is your full name, please?", "My name is Maria Lopez.", "paid"), "maria lopez.wav"
    )
    assert MaskPersonalData().edited(made).filename == "maria lopez.wav"


@pytest.mark.parametrize(
    ("address", "after"),
    [
        (
            "https://rec.example/calls/4762110022334453/a.wav",
            "https://rec.example/calls/4762110022334453/a.wav",
        ),
        ("https://rec.example/calls/4762110022334453.wav?X=1", "masked.wav"),
    ],
)
def test_the_folders_of_a_web_address_stay(address: str, after: str) -> None:
    made = named(call("What is the card number?", CARD, "paid"), address)
    assert MaskPersonalData().edited(made).filename == after


def test_the_finder_reads_the_words_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []

    def counted(*arguments: Any, **named: Any) -> list[Said]:
        read.append(arguments)
        return find_personal_data(*arguments, **named)

    monkeypatch.setattr(said_in_call, "find_personal_data", counted)
    made = named(call("What is the card number?", CARD, f"ref {CARD}"), "4762110022334453.wav")
    assert masked(made) == "ref [card number]"
    assert len(read) == 1
