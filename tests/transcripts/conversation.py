"""One small conversation, as many sources would write it."""

from __future__ import annotations

from typing import Any

from reddy_lib.transcripts import Transcript, accounted, read_transcript

TEXTS = [
    "Good morning, Larkfield Water, this is Petra, how can I help?",
    "Hi, my bill is twice what it was last month.",
    "I can see the reading from Monday, it looks doubled.",
    "Yes, that would explain it.",
    "I have put a correction in, you get a new bill on Friday.",
    "Lovely, thanks a lot, bye.",
]
STARTS = [0.5, 4.8, 8.6, 13.2, 15.4, 20.5]
STOPS = [4.2, 8.1, 12.9, 15.0, 20.1, 22.7]
SIDES = ["agent", "customer"] * 3
SHUFFLED = (3, 0, 5, 1, 4, 2)


def turns(make: Any) -> list[Any]:
    """What `make` makes of each turn: of its number, side, text, start and stop."""
    return [make(*turn) for turn in zip(range(6), SIDES, TEXTS, STARTS, STOPS, strict=True)]


def codes(transcript: Transcript) -> set[str]:
    return {item.code for item in transcript.findings}


def check(
    cell: Any,
    *,
    starts: list[float] | None = None,
    stops: list[float] | None = None,
    texts: list[str] = TEXTS,
    sides: list[str] = SIDES,
    **how: Any,
) -> Transcript:
    """The transcript of a cell that holds the conversation, with nothing lost and nothing in doubt."""
    transcript = read_transcript(cell, **how)
    assert [line.text for line in transcript.lines] == texts
    assert [line.role for line in transcript.lines] == sides
    if starts is not None:
        assert [round(line.start or 0.0, 2) for line in transcript.lines] == starts
    if stops is not None:
        assert [round(line.stop or 0.0, 2) for line in transcript.lines] == stops
    loss = accounted(cell, transcript)
    assert loss.unassigned == []
    assert loss.characters_in + loss.added == loss.characters_out + sum(loss.elsewhere.values())
    assert not codes(transcript) & {"line-not-read", "transcript-unreadable", "speech-doubtful"}
    return transcript
