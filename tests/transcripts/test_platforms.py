"""Platforms that people talk over, where their data varies: units, purposes, missing stops, parts of a call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reddy_lib.transcripts import Transcript, accounted, read_transcript


def said(transcript: Transcript) -> list[tuple[str, str, float | None, float | None]]:
    return [(line.role, line.text, line.start, line.stop) for line in transcript.lines]


def read(data: Any, **how: Any) -> Transcript:
    """Read as JSON text, with nothing of it lost and no time made up."""
    cell = json.dumps(data)
    transcript = read_transcript(cell, times="leave out", **how)
    loss = accounted(cell, transcript)
    assert (loss.unassigned, loss.added) == ([], 0)
    return transcript


def phrase(who: str, text: str, start: Any = None, length: Any = None, **more: Any) -> dict[str, Any]:
    item = {"participantPurpose": who, "text": text, "startTimeMs": start, "duration": length, **more}
    return {name: value for name, value in item.items() if value is not None}


# --- Genesys Cloud ---


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (phrase("internal", "Hello.", 500, 900), ("agent", "Hello.", 0.5, 1.4)),
        (phrase("external", "Hi.", 4200), ("customer", "Hi.", 4.2, None)),
        (phrase("agent", "Hello.", 500, {"milliseconds": 250}), ("agent", "Hello.", 0.5, 0.75)),
        (phrase("ivr", "Press 1.", 0, 10), ("ivr", "Press 1.", 0.0, 0.01)),
        (phrase("acd", "Please wait.", 0, 10), ("acd", "Please wait.", 0.0, 0.01)),
        (phrase("user", "Hello.", 0, 10), ("agent", "Hello.", 0.0, 0.01)),
        (phrase("internal", "i have 2", 0, 10, decoratedText="I have 2."), ("agent", "I have 2.", 0.0, 0.01)),
        (phrase("internal", "Hello.", 0, 10, stability=1.0, confidence=0.9), ("agent", "Hello.", 0.0, 0.01)),
        (phrase("", "Hello.", 0, 10), ("", "Hello.", 0.0, 0.01)),
    ],
)
def test_a_phrase_of_genesys(item: dict[str, Any], line: tuple[Any, ...]) -> None:
    other = phrase("external", "Yes?", 0, 100)
    transcript = read_transcript(
        {"conversationId": "c-1", "transcripts": [{"phrases": [other, item]}]}, times="leave out"
    )
    assert transcript.form == "Genesys Cloud"
    assert said(transcript) == [("customer", "Yes?", 0.0, 0.1), line]


def test_genesys_times_of_day_count_from_the_start_that_the_file_gives() -> None:
    begin = 1_772_445_600_000
    data = {
        "conversationId": "c-1",
        "conversationStartTime": begin,
        "transcripts": [
            {
                "phrases": [
                    phrase("internal", "Hello.", begin + 2500, 1000),
                    phrase("external", "Hi.", begin + 4000),
                ]
            }
        ],
    }
    transcript = read(data)
    assert said(transcript) == [("agent", "Hello.", 2.5, 3.5), ("customer", "Hi.", 4.0, None)]
    assert (transcript.started, transcript.started_naive) == (begin / 1000, False)


def test_genesys_transfers_follow_one_another_and_an_empty_part_is_passed_over() -> None:
    parts = [
        {"phrases": [phrase("internal", "I put you through.", 0, 10)]},
        {"phrases": []},
        {"phrases": [phrase("internal", "Loans, hello.", 90_000, 10)]},
    ]
    transcript = read({"conversationId": "c-1", "transcripts": parts})
    assert said(transcript) == [
        ("agent", "I put you through.", 0.0, 0.01),
        ("agent", "Loans, hello.", 90.0, 90.01),
    ]


def test_genesys_phrases_alone_or_in_a_list_of_parts() -> None:
    phrases = [phrase("internal", "Hello.", 0, 10), phrase("external", "Hi.", 20, 10)]
    lines = [("agent", "Hello.", 0.0, 0.01), ("customer", "Hi.", 0.02, 0.03)]
    part = {"conversationId": "c", "transcripts": [{"phrases": phrases}]}
    for data in (phrases, {"phrases": phrases}, [part], {"data": part}):
        transcript = read(data)
        assert (transcript.form, said(transcript)) == ("Genesys Cloud", lines)
    assert said(read([part, part])) == lines * 2


# --- Google ---


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"role": "AGENT", "text": "Hello."}, ("agent", "Hello.", None, None)),
        ({"role": "AUTOMATED_AGENT", "text": "Hello."}, ("agent", "Hello.", None, None)),
        ({"role": "CUSTOMER", "text": "Hi."}, ("customer", "Hi.", None, None)),
        ({"user_id": 2, "text": "Hi."}, ("agent", "Hi.", None, None)),
        ({"user_id": "ann", "text": "Hi."}, ("agent", "Hi.", None, None)),
        (
            {"role": "AGENT", "user_id": 1, "text": "Hello.", "start_timestamp_usec": 1_772_445_607_500_000},
            ("agent", "Hello.", 7.5, None),
        ),
    ],
)
def test_an_entry_of_a_google_conversation(entry: dict[str, Any], line: tuple[Any, ...]) -> None:
    first = {"role": "CUSTOMER", "text": "Yes?", "start_timestamp_usec": 1_772_445_600_000_000}
    transcript = read_transcript({"entries": [first, entry]}, times="leave out")
    assert transcript.form == "Google CCAI conversation"
    assert said(transcript) == [("customer", "Yes?", 0.0, None), line]


def test_google_insights_without_words_use_the_channel_and_the_message_time() -> None:
    transcript = read(
        {
            "startTime": "2026-03-02T10:00:00Z",
            "transcriptSegments": [
                {"text": "Hello.", "channelTag": 1, "messageTime": "2026-03-02T10:00:04Z"},
                {
                    "text": "Hi.",
                    "channelTag": 2,
                    "messageTime": "2026-03-02T10:00:06.5Z",
                    "languageCode": "en",
                },
            ],
        }
    )
    assert said(transcript) == [("channel 1", "Hello.", 4.0, None), ("channel 2", "Hi.", 6.5, None)]
    assert transcript.started == 1_772_445_600


def test_meet_participants_without_a_name_stay_what_they_are_called() -> None:
    entries = [
        {
            "participant": "conferenceRecords/1/participants/9",
            "text": "Hello.",
            "startTime": "2026-03-02T10:00:00Z",
            "endTime": "2026-03-02T10:00:02Z",
        },
        {
            "participant": "conferenceRecords/1/participants/8",
            "text": "Hi.",
            "startTime": "2026-03-02T10:00:03Z",
            "endTime": "2026-03-02T10:00:04Z",
        },
    ]
    people = [{"name": "conferenceRecords/1/participants/8", "phoneUser": {"displayName": "Ann"}}]
    transcript = read_transcript({"transcriptEntries": entries, "participants": people})
    assert said(transcript) == [
        ("conferencerecords/1/participants/9", "Hello.", 0.0, 2.0),
        ("ann", "Hi.", 3.0, 4.0),
    ]


# --- words: Verint, Verba ---


def test_verint_words_that_both_say_at_once_are_a_speaker_of_their_own() -> None:
    words = [
        {"w": "Hello", "sp": "Agent", "s": 0, "e": 400},
        {"w": "there", "sp": "Agent", "s": 400, "e": 900},
        {"w": "hm", "sp": "simultaneous", "s": 900, "e": 950},
        {"w": "Hi", "sp": "customer", "s": 1000, "e": 1200},
        {"w": "", "sp": "customer", "s": 1200, "e": 1200},
    ]
    lines = [
        ("agent", "Hello there", 0.0, 0.9),
        ("simultaneous", "hm", 0.9, 0.95),
        ("customer", "Hi", 1.0, 1.2),
    ]
    assert said(read({"transcript_detailed": words})) == lines
    assert said(read({"TranscriptDetailed": words, "duration": 7})) == lines
    assert said(read(words)) == lines


@pytest.mark.parametrize(
    ("last", "span"),
    [
        ({"time": 1.5, "duration": 0.5}, (1.5, 2.0)),
        ({"time": "1.5", "duration": "0.5"}, (1.5, 2.0)),
        ({"time": 1.5, "duration": None}, (1.5, None)),
        ({"time": None, "duration": 0.5}, (None, None)),
    ],
)
def test_verba_words_with_missing_times(last: dict[str, Any], span: tuple[Any, Any]) -> None:
    words = [
        {"word": "Hello", "speaker": "speaker1", "time": 0, "duration": 1},
        {"word": "Hi", "speaker": "speaker2", **last},
    ]
    transcript = read({"words": words})
    assert transcript.form == "Verba"
    assert said(transcript) == [("speaker1", "Hello", 0.0, 1.0), ("speaker2", "Hi", *span)]


# --- Wavix, TellQ, Gong ---


@pytest.mark.parametrize(
    ("times", "span"), [((1200, 3400), (1.2, 3.4)), ((1.2, 3.4), (1.2, 3.4)), ((0, None), (0.0, None))]
)
def test_wavix_counts_milliseconds_where_its_numbers_are_whole(
    times: tuple[Any, Any], span: tuple[Any, Any]
) -> None:
    turns = [{"type": "+15550100", "text": "Hello.", "s": times[0], "e": times[1]}]
    transcript = read({"turns": turns}, roles={"+15550100": "agent"})
    assert transcript.form == "Wavix"
    assert said(transcript) == [("agent", "Hello.", *span)]


def test_tellq_speakers_and_times() -> None:
    items = [
        {"speaker": "AGENT", "text": "Hello.", "timestamp": "00:01"},
        {"speaker": "CLIENT", "text": "Hi.", "timestamp": 3.5},
        {"speaker": 3, "text": "Oh.", "timestamp": None},
    ]
    assert said(read({"transcription": items})) == [
        ("agent", "Hello.", 1.0, None),
        ("customer", "Hi.", 3.5, None),
        ("speaker 3", "Oh.", None, None),
    ]


def test_gong_keeps_numbers_as_speakers_and_a_monologue_of_nothing_is_no_line() -> None:
    transcript = read(
        {
            "transcript": [
                {
                    "speakerId": "6432345678",
                    "topic": None,
                    "sentences": [{"start": 460, "end": 1500, "text": "Hello."}],
                },
                {"speakerId": "99", "sentences": []},
                {"speakerId": "99", "sentences": [{"start": 1800, "end": 2000, "text": "Hi."}]},
            ]
        }
    )
    assert said(transcript) == [("speaker 6432345678", "Hello.", 0.46, 1.5), ("speaker 99", "Hi.", 1.8, 2.0)]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            {
                "transcripts": [
                    {
                        "phrases": [
                            phrase("internal", "Hello.", 0, 10),
                            {"participantPurpose": "internal", "x": 1},
                        ]
                    }
                ]
            },
            '"x"',
        ),
        (
            {
                "entries": [
                    {"role": "AGENT", "text": "Hello.", "start_timestamp_usec": 1},
                    {"role": "AGENT", "words": 3},
                ]
            },
            '"words"',
        ),
        ({"turns": [{"type": "1", "s": 0, "e": 1, "text": "Hello."}, {"type": "1", "odd": 9}]}, '"odd"'),
        (
            {
                "transcription": [
                    {"speaker": "a", "text": "Hello.", "timestamp": 1},
                    {"speaker": "b", "txt": "x"},
                ]
            },
            '"txt"',
        ),
        (
            {
                "transcript": [
                    {"speakerId": "1", "sentences": [{"text": "Hello."}]},
                    {"speakerId": "2", "said": "x"},
                ]
            },
            '"said"',
        ),
    ],
)
def test_an_item_that_a_platform_changed_is_a_line_with_a_finding(data: dict[str, Any], text: str) -> None:
    transcript = read_transcript(data)
    assert transcript.lines[0].text == "Hello."
    (note,) = [item for item in transcript.findings if item.code == "line-not-read"]
    assert note.line == 2
    assert text in transcript.lines[1].text
    assert transcript.lines[1].role == ""
