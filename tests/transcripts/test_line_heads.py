"""What stands before the words of each line, in forms that no list has: times, numbers and marks of every order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.loss import accounted

SAID = [
    ("agent", "Thank you for calling Cedarline, how can I help?", 0.0),
    ("customer", "Hi, my parcel never arrived.", 5.6),
    ("agent", "I am sorry, I will send it again today.", 10.9),
    ("customer", "Great, thank you very much.", 16.12),
]


def clock(seconds: float) -> str:
    return f"00:00:{int(seconds):02}"


FORMS: dict[str, tuple[bool, Callable[[str, str, float], str]]] = {
    "[0.00-2.00] spk0 Hi": (True, lambda role, text, at: f"[{at:.2f}-{at + 2:.2f}] spk{role < 'b':d} {text}"),
    "0.00 2.00 SPEAKER_00 Hi": (True, lambda role, text, at: f"{at:.2f} {at + 2:.2f} SPEAKER_0{role < 'b':d} {text}"),
    "SPEAKER_00 0.00 2.00 Hi": (True, lambda role, text, at: f"SPEAKER_0{role < 'b':d} {at:.2f} {at + 2:.2f} {text}"),
    "spk_0 | 0.00 | Hi": (True, lambda role, text, at: f"spk_{role < 'b':d} | {at:.2f} | {text}"),
    "0-2000 agent Hi": (True, lambda role, text, at: f"{at * 1000:.0f}-{at * 1000 + 2000:.0f} {role} {text}"),
    "- **Agent** _00:00:01_: Hi": (True, lambda role, text, at: f"- **{role.title()}** _{clock(at)}_: {text}"),
    "agent::Hi": (False, lambda role, text, at: f"{role}::{text}"),
    "agent: - Hi": (False, lambda role, text, at: f"{role}: - {text}"),
    "A. Hi": (False, lambda role, text, at: f"{'A' if role == 'agent' else 'Q'}. {text}"),
    "#1 Hi": (False, lambda role, text, at: f"#{1 if role == 'agent' else 2} {text}"),
}  # fmt: skip


@pytest.mark.parametrize(("timed", "written"), FORMS.values(), ids=FORMS)
def test_heads_of_lines_are_no_words(timed: bool, written: Callable[[str, str, float], str]) -> None:
    read = read_transcript("\n".join(written(role, text, at) for role, text, at in SAID))
    assert [line.text for line in read.lines] == [text for _, text, _ in SAID]
    assert [line.role for line in read.lines] == [role for role, _, _ in SAID]
    if timed:
        starts = [line.start for line in read.lines]
        assert starts == pytest.approx([at for *_, at in SAID], abs=1)


@pytest.mark.parametrize(
    "words",
    [
        ["2 cards came.", "3 of them?", "4 I mean.", "5 then."],  # a step that is always the same is no time
        ["9 is the number.", "3 is mine.", "7 is yours.", "8 is hers."],
        ["- yes", "no", "- maybe", "- sure"],
        ["5.5 percent is the rate.", "That is a lot.", "6.5 was the last one.", "I see."],
    ],
)
def test_numbers_that_people_say_stay(words: list[str]) -> None:
    text = "\n".join(f"{('Agent', 'Customer')[place % 2]}: {said}" for place, said in enumerate(words))
    assert [line.text for line in read_transcript(text).lines] == words


@pytest.mark.parametrize(
    "stamp",
    [
        "[Jan 05 2026, 08:15:{:02} AM]",
        "[5 January 2026 08:15:{:02}]",
        "[5. Januar 2026, 08:15:{:02}]",
        "[5 enero 2026 08:15:{:02}]",
    ],
)
def test_stamps_that_name_their_month_say_when_the_call_began(stamp: str) -> None:
    text = "\n".join(f"{stamp.format(19 + int(at))} {role.title()}: {said}" for role, said, at in SAID)
    assert read_transcript(text).started == 1_767_600_919


WORDS = ("Good morning, how can I help?", "I lost my card.", "I block it at once.")


@pytest.mark.parametrize(
    ("agent", "customer"),
    [
        ("Agent → Customer: {}", "Customer → Agent: {}"),
        ("Agent -> Customer | {}", "Customer -> Agent | {}"),
        ("Ann Lee > Visitor 12: {}", "Visitor 12 > Ann Lee: {}"),
        ("A ▸ C: {}", "C ▸ A: {}"),
        ("Agent to Customer: {}", "Customer to Agent: {}"),
        ("From Agent to Customer: {}", "From Customer to Agent: {}"),
        ("Agent (0.93): {}", "Customer (0.88): {}"),
        ("Agent: {} (0.93)", "Customer: {} (0.88)"),
        ("Agent: {} [93 %]", "Customer: {} [88 %]"),
    ],
)
def test_who_is_spoken_to_and_how_sure_a_recogniser_was_are_not_said(agent: str, customer: str) -> None:
    text = "\n".join(
        [agent.format(WORDS[0]), customer.format(WORDS[1]), agent.replace("0.93", "0.97").format(WORDS[2])]
    )
    found = read_transcript(text)
    assert [(line.role, line.text) for line in found.lines] == [
        ("agent", WORDS[0]),
        ("customer", WORDS[1]),
        ("agent", WORDS[2]),
    ]
    assert len(found.labels) == 2
    assert accounted(text, found).unassigned == []


@pytest.mark.parametrize(
    "said", [("Customer first, is our motto.", "Agent?", "Customer, yes."), ("It is (1)", "or (2)", "or (3)")]
)
def test_what_is_said_about_the_other_side_or_counted_is_said(said: tuple[str, str, str]) -> None:
    labels = ("Agent", "Customer", "Agent")
    found = read_transcript("\n".join(f"{label}: {text}" for label, text in zip(labels, said, strict=True)))
    assert tuple(line.text for line in found.lines) == said
