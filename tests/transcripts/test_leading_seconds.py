"""Bare numbers before the speakers of a text: times, where they rise as times do, and counters otherwise."""

from __future__ import annotations

import pytest

from reddy_lib.transcripts import accounted, read_transcript
from reddy_lib.transcripts.formats.leading_seconds import with_bracketed_seconds

SAID = [
    ("Agent", "Good morning, how can I help you?", 0.4, 3.9),
    ("Customer", "My router is broken since Monday and I need it.", 4.6, 8.8),
    ("Agent", "I am sorry to hear that, may I have your number?", 9.3, 12.7),
    ("Customer", "It is four two seven.", 13.1, 15.0),
]


@pytest.mark.parametrize(
    "line",
    ["{a:.2f} {who}: {text}", "{a:.1f}s {who}: {text}", "t={a} {who}: {text}", "+{a}s {who}: {text}", "#{a} {who}: {text}",
     "{a} | {who} | {text}", "{a} - {who} - {text}", "{ms} {who}: {text}", "{ms} ms {who}: {text}"],
)  # fmt: skip
def test_numbers_that_rise_are_starts(line: str) -> None:
    text = "\n".join(line.format(who=w, text=t, a=a, ms=round(a * 1000)) for w, t, a, _ in SAID)
    transcript = read_transcript(text)
    assert [(one.text, one.start) for one in transcript.lines] == [(t, a) for _, t, a, _ in SAID]
    assert [one.role for one in transcript.lines] == [w.casefold() for w, *_ in SAID]
    assert not accounted(text, transcript).unassigned


@pytest.mark.parametrize(
    "line", ["{a}\t{b}\t{who}\t{text}", "{a} - {b} {who}: {text}", "{a} {b} {who}: {text}"]
)
def test_two_numbers_are_start_and_stop(line: str) -> None:
    text = "\n".join(line.format(who=w, text=t, a=a, b=b) for w, t, a, b in SAID)
    assert [(one.start, one.stop) for one in read_transcript(text).lines] == [(a, b) for *_, a, b in SAID]


def test_seconds_since_1970_say_when_the_call_was() -> None:
    text = "\n".join(f"{1770000000 + round(a)} {w}: {t}" for w, t, a, _ in SAID)
    transcript = read_transcript(text)
    assert transcript.started == 1770000000.0
    assert [one.start for one in transcript.lines] == [0.0, 5.0, 9.0, 13.0]


@pytest.mark.parametrize(
    "numbers", [(1, 2, 3, 4), (10, 20, 30, 40), (5, 3, 9, 12), (2, 2, 2, 2)]
)  # counters, and numbers in no order
def test_other_numbers_are_left_alone(numbers: tuple[int, ...]) -> None:
    text = "\n".join(f"{number} {w}: {t}" for number, (w, t, *_) in zip(numbers, SAID, strict=True))
    assert with_bracketed_seconds(text) == text
