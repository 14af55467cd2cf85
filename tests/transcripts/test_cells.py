"""Subtitles, data of anybody's, envelopes, and the loss meter where a reader went wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reddy_lib.model import TranscriptLine
from reddy_lib.transcripts import Transcript, accounted, read_opening, read_transcript


def said(transcript: Transcript) -> list[tuple[str, str, float | None, float | None]]:
    return [(line.role, line.text, line.start, line.stop) for line in transcript.lines]


# --- subtitles ---


@pytest.mark.parametrize(
    ("cue", "line"),
    [
        ("00:00:01.000 --> 00:00:02.500\n<v Agent>Hello.</v>", ("agent", "Hello.", 1.0, 2.5)),
        ("00:01.000 --> 00:02.500\n<v Agent>Hello.", ("agent", "Hello.", 1.0, 2.5)),
        ("7\n00:00:01.000 --> 00:00:02.500\n<v Agent>Hello.</v>", ("agent", "Hello.", 1.0, 2.5)),
        ("id-7\n00:00:01.000 --> 00:00:02.500\n<v Agent>Hello.</v>", ("agent", "Hello.", 1.0, 2.5)),
        (
            "00:00:01.000 --> 00:00:02.500 align:start position:0%\n<v Agent>Hello.</v>",
            ("agent", "Hello.", 1.0, 2.5),
        ),
        ("00:00:01.000 --> 00:00:02.500\n<v.loud Agent>He<i>ll</i>o.</v>", ("agent", "Hello.", 1.0, 2.5)),
        (
            "00:00:01.000 --> 00:00:02.500\n<v Agent>Tea &amp; cake,\nplease.</v>",
            ("agent", "Tea & cake, please.", 1.0, 2.5),
        ),
        ("01:00:01.000 --> 01:00:02.500\n<v Agent>Hello.</v>", ("agent", "Hello.", 3601.0, 3602.5)),
        ("100:00:01.000 --> 100:00:02.500\n<v Agent>Hello.</v>", ("agent", "Hello.", 360001.0, 360002.5)),
    ],
)
def test_a_cue_of_webvtt(cue: str, line: tuple[Any, ...]) -> None:
    transcript = read_transcript(f"WEBVTT\n\n00:00.000 --> 00:00.500\n<v Customer>Yes?</v>\n\n{cue}\n")
    assert transcript.form == "WebVTT"
    assert said(transcript) == [("customer", "Yes?", 0.0, 0.5), line]
    assert transcript.findings == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_srt_with_each_line_end(end: str) -> None:
    rows = [
        "1",
        "00:00:01,000 --> 00:00:02,500",
        "Agent: Hello.",
        "",
        "2",
        "00:00:03,000 --> 00:00:04,000",
        "Customer: Hi.",
    ]
    transcript = read_transcript(end.join(rows))
    assert transcript.form == "SRT"
    assert said(transcript) == [("agent", "Hello.", 1.0, 2.5), ("customer", "Hi.", 3.0, 4.0)]


def test_cues_out_of_order_and_overlapping_stay_as_they_are() -> None:
    cell = "WEBVTT\n\n00:05.000 --> 00:09.000\n<v Agent>B.\n\n00:01.000 --> 00:06.000\n<v Customer>A."
    assert said(read_transcript(cell)) == [("agent", "B.", 5.0, 9.0), ("customer", "A.", 1.0, 6.0)]


# --- anybody's data ---


@pytest.mark.parametrize(
    ("keys", "unit"),
    [
        (("speaker", "text", "start", "end"), 1),
        (("Speaker", "Text", "Start Time", "End Time"), 1),
        (("role", "content", "start_time", "end_time"), 1),
        (("who", "utterance", "startMs", "endMs"), 1000),
        (("participant", "message", "start_ms", "end_ms"), 1000),
    ],
)
def test_keys_of_any_name_say_their_part_and_unit(keys: tuple[str, ...], unit: int) -> None:
    rows = [("Agent", "Hello.", 1, 2), ("Customer", "Hi.", 3, 4)]
    turns = [
        dict(zip(keys, (who, text, start * unit, stop * unit), strict=True))
        for who, text, start, stop in rows
    ]
    transcript = read_transcript(json.dumps(turns))
    assert said(transcript) == [("agent", "Hello.", 1.0, 2.0), ("customer", "Hi.", 3.0, 4.0)]
    assert transcript.findings == []


@pytest.mark.parametrize(
    "name", ["data", "result", "results", "payload", "body", "transcript", "call", "output"]
)
def test_an_envelope_is_opened(name: str) -> None:
    turns = [
        {"role": "agent", "text": "Hello.", "start": 1, "stop": 2},
        {"role": "customer", "text": "Hi.", "start": 3, "stop": 4},
    ]
    for data in ({name: turns}, {name: {"turns": turns}}, {"id": 7, name: turns, "status": "done"}):
        assert said(read_transcript(json.dumps(data))) == [
            ("agent", "Hello.", 1.0, 2.0),
            ("customer", "Hi.", 3.0, 4.0),
        ]


@pytest.mark.parametrize(
    ("start", "seconds", "codes"),
    [
        (None, None, []),
        ("", None, []),
        ("00:12", 12.0, []),
        ("12.5", 12.5, []),
        (0, 0.0, []),
        ("noon", None, ["time-unreadable"]),
        (True, None, ["time-unreadable"]),
        ([], None, ["time-unreadable"]),
    ],
)
def test_a_start_that_is_missing_is_no_fault_and_one_that_is_no_time_is(
    start: Any, seconds: Any, codes: list[str]
) -> None:
    turns = [
        {"role": "agent", "text": "Hello.", "start": start},
        {"role": "customer", "text": "Hi.", "start": 20},
    ]
    transcript = read_transcript(turns, times="leave out")
    assert [line.start for line in transcript.lines] == [seconds, 20.0]
    assert [item.code for item in transcript.findings] == codes


# --- the loss meter ---


@pytest.mark.parametrize(
    ("cell", "elsewhere"),
    [
        ("Agent: Hello.", {"label": 5, "markup": 1}),
        ("[00:12] Agent: Hello.", {"label": 5, "markup": 3, "time": 5}),
        ("[00:12 - 00:14] Agent: Hello.", {"label": 5, "markup": 3, "time": 11}),
        ("1. Agent: Hello.", {"label": 5, "markup": 3}),
        ("<b>Agent:</b> Hello.", {"label": 5, "markup": 8}),
        ("[noise] Agent: Hello.", {"label": 5, "markup": 1}),
        ("Agent: Hello.\n00:20 - 00:120\nCustomer: Hi.", {"label": 13, "markup": 2}),
    ],
)  # fmt: skip
def test_where_the_characters_of_a_text_are(cell: str, elsewhere: dict[str, int]) -> None:
    loss = accounted(cell, read_transcript(cell))
    assert loss.elsewhere == elsewhere
    assert (loss.unassigned, loss.added) == ([], 0)


def test_words_in_another_order_are_both_missing_and_added() -> None:
    cell = "Agent: One two.\nCustomer: Three four."
    transcript = read_transcript(cell)
    transcript.lines.reverse()
    loss = accounted(cell, transcript)
    assert loss.lost == loss.added > 0


def test_a_line_that_was_given_twice_is_added_once() -> None:
    cell = "Agent: Hello there.\nCustomer: Hi."
    transcript = read_transcript(cell)
    transcript.lines.append(TranscriptLine("customer", "Hi."))
    loss = accounted(cell, transcript)
    assert (loss.unassigned, loss.added) == ([], 3)


def test_a_text_that_is_a_sound_and_a_label_is_found_where_it_stands() -> None:
    cell = "[x] Agent: A\nAgent: [x] A\nCustomer: [x]"
    loss = accounted(cell, read_transcript(cell))
    assert (loss.unassigned, loss.added) == ([], 0)


@pytest.mark.parametrize("key", ["w", "value_of_it", "xyz"])
def test_words_under_a_key_that_says_nothing_are_found_in_the_lines(key: str) -> None:
    transcript = Transcript(
        [TranscriptLine("agent", "Hello there"), TranscriptLine("customer", "Hi")], [], "json", {}
    )
    loss = accounted([{key: "Hello"}, {key: "there"}, {key: "Hi"}], transcript)
    assert (loss.characters_out, loss.unassigned, loss.added, loss.elsewhere) == (12, [], 0, {})


# how a text begins

TURNS = "Agent: Hello there\nCustomer: Hello yourself\n"


def test_the_opening_of_a_long_text_is_read_up_to_the_last_whole_line_in_40000_characters() -> None:
    opening = read_opening(TURNS * 2000)
    assert len(TURNS) == 44
    assert len(opening.lines) == 2 * 40_000 // 44
    assert {line.text for line in opening.lines} == {"Hello there", "Hello yourself"}
    assert opening.labels == {"Agent": 909, "Customer": 909}


def test_a_long_text_in_one_line_is_cut_where_it_stands() -> None:
    assert read_opening("word " * 20_000).lines[0].text == ("word " * 8_000).strip()


@pytest.mark.parametrize(
    "text",
    [
        TURNS * 900,  # no longer than a cell of Excel's
        json.dumps([{"role": "agent", "text": "Hi"}, {"role": "customer", "text": "Hello"}] * 1000),
        json.dumps(TURNS * 2000),
        "Export of the call\n```\n" + json.dumps([{"role": "agent", "text": "Hi"}] * 2000) + "\n```",
    ],
    ids=["short", "data", "a text in quotes", "data in a fence"],
)
def test_what_has_to_be_whole_is_read_whole_however_long(text: str) -> None:
    whole = read_transcript(text)
    opening = read_opening(text)
    assert len(whole.lines) > 1500
    assert (opening.form, opening.lines) == (whole.form, whole.lines)


# labels and the signs around them


@pytest.mark.parametrize(
    ("row", "label", "text"),
    [
        ("**Agent:** Hello", "Agent", "Hello"),
        ("**Agent**: Hello", "Agent", "Hello"),
        ("Agent:__ Hello", "Agent", "Hello"),
        ("Agent:**Hello** you", "Agent", "**Hello** you"),
        ("Agent: **Hello** you", "Agent", "**Hello** you"),
        ("Agent: _Hello_ you", "Agent", "_Hello_ you"),
        ("[noise] Agent: Hello", "Agent", "[noise] Hello"),
        ("Agent #12: Hello", "Agent #12", "Hello"),
        ("main_agent 3: Hello", "main_agent 3", "Hello"),
        ("End-User_2: Hello", "End-User_2", "Hello"),
    ],
)
def test_what_stands_between_a_label_and_its_text(row: str, label: str, text: str) -> None:
    transcript = read_transcript(row + "\nIVR: Goodbye")
    assert transcript.labels == {label: 1, "IVR": 1}
    assert transcript.lines[0].text == text
    assert transcript.lines[0].role in ("agent", "customer")


@pytest.mark.parametrize(
    "label", ["Port", "Ref #12", "Start, end", "Is it him?", "one two three four five", "12"]
)
def test_labels_that_are_nobodys_name_never_speak_however_often_they_come_back(label: str) -> None:
    text = f"{label}: a\nBen: b\n" * 3
    assert label not in read_transcript(text).labels
    assert read_transcript(text.replace(label, "Ana")).labels == {"Ana": 3, "Ben": 3}
