"""Lists of words, each with its speaker: what is no word stays where it stands, as a line of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from reddy_lib.transcripts import accounted, read_transcript

ODD = {"x": "nobody knows what this is"}
SAID: list[Any] = [
    ("Hello", 1, 0, 1), ("there", 1, 1, 2), ODD, ("all", 1, 2, 3), ("hi", 2, 4, 5), 7, None, ("you", 2, 5, 6),
]  # fmt: skip


def listed(word: Callable[[str, int, int, int], dict[str, Any]]) -> list[Any]:
    return [word(*one) if isinstance(one, tuple) else one for one in SAID]


SOURCES: dict[str, Any] = {
    "Verint": listed(lambda text, who, start, stop: {"w": text, "sp": who, "s": start * 1000, "e": stop * 1000}),
    "Verba": {
        "words": listed(lambda text, who, start, _: {"word": text, "speaker": who, "time": start, "duration": 1})
    },
    "Deepgram": {
        "results": {
            "channels": [
                {
                    "alternatives": [
                        {
                            "transcript": "",
                            "words": listed(
                                lambda text, who, start, stop: {"word": text, "speaker": who, "start": start, "end": stop}
                            ),
                        }
                    ]
                }
            ]
        }
    },
    "AssemblyAI": {
        "utterances": None,
        "words": listed(
            lambda text, who, start, stop: {"text": text, "speaker": str(who), "start": start * 1000, "end": stop * 1000}
        ),
    },
    "Speechmatics": {
        "results": listed(
            lambda text, who, start, stop: {
                "type": "word", "alternatives": [{"content": text, "speaker": f"Speaker {who}"}],
                    "start_time": start, "end_time": stop,
            }
        )
    },
    "Amazon Transcribe": {
        "results": {
            "items": listed(
                lambda text, who, start, stop: {
                    "type": "pronunciation", "alternatives": [{"content": text}], "speaker_label": f"Speaker {who}",
                    "start_time": str(start), "end_time": str(stop),
                }
            )
        }
    },
}  # fmt: skip


@pytest.mark.parametrize("form", SOURCES)
def test_an_item_among_words_that_is_none_stays_in_its_place(form: str) -> None:
    cell = json.dumps(SOURCES[form])
    transcript = read_transcript(cell, times="leave out")
    assert transcript.form == form
    assert [(line.role, line.text, line.start, line.stop) for line in transcript.lines] == [
        ("speaker 1", "Hello there", 0.0, 2.0),
        ("", json.dumps(ODD, separators=(",", ":")), None, None),
        ("speaker 1", "all", 2.0, 3.0),
        ("speaker 2", "hi", 4.0, 5.0),
        ("", "7", None, None),
        ("speaker 2", "you", 5.0, 6.0),
    ]
    assert [(item.code, item.line) for item in transcript.findings] == [
        ("line-not-read", 2),
        ("line-not-read", 5),
    ]
    assert accounted(cell, transcript).unassigned == []


def test_an_item_among_the_words_of_one_channel_stands_behind_the_word_before_it() -> None:
    def channel(*words: Any) -> dict[str, Any]:
        return {"alternatives": [{"transcript": "", "words": list(words)}]}

    def word(text: str, start: int) -> dict[str, Any]:
        return {"word": text, "start": start, "end": start + 1}

    data = {
        "results": {
            "channels": [channel(word("Hello", 0), ODD, word("there", 1)), channel(8, word("hi", 3), ODD)]
        }
    }
    transcript = read_transcript(json.dumps(data), times="leave out")
    odd = json.dumps(ODD, separators=(",", ":"))
    assert [(line.role, line.text) for line in transcript.lines] == [
        ("channel 0", "Hello"), ("", odd), ("", "8"), ("channel 0", "there"), ("channel 1", "hi"), ("", odd),
    ]  # fmt: skip


def test_words_of_which_none_could_be_read_leave_the_whole_text() -> None:
    data = {"utterances": None, "words": [ODD], "text": "Hello there."}
    transcript = read_transcript(json.dumps(data), times="leave out")
    assert [line.text for line in transcript.lines] == [
        json.dumps(ODD, separators=(",", ":")),
        "Hello there.",
    ]
