"""Amazon's transcripts where they are not as documented: fields that are missing, late, odd, or in another order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reddy_lib.transcripts import Transcript, accounted, read_transcript


def said(transcript: Transcript) -> list[tuple[str, str, float | None, float | None]]:
    return [(line.role, line.text, line.start, line.stop) for line in transcript.lines]


def codes(transcript: Transcript) -> list[str]:
    return [item.code for item in transcript.findings]


def turn(who: str, text: str | None, begin: Any = None, end: Any = None, **more: Any) -> dict[str, Any]:
    return {"ParticipantId": who, "Content": text, "BeginOffsetMillis": begin, "EndOffsetMillis": end, **more}


def word(text: str, start: str | None = None, end: str | None = None, **more: Any) -> dict[str, Any]:
    item: dict[str, Any] = {"alternatives": [{"confidence": "0.9", "content": text}], **more}
    if start is None:
        return item | {"type": "punctuation"}
    return item | {"type": "pronunciation", "start_time": start, "end_time": end}


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (turn("AGENT", "Hello.", 0, 1250), ("agent", "Hello.", 0.0, 1.25)),
        (turn("CUSTOMER", "  Hi. ", 90, 1215), ("customer", "Hi.", 0.09, 1.215)),
        (turn("AGENT", "Hello.", 0, None), ("agent", "Hello.", 0.0, None)),
        (turn("AGENT", "Hello.", None, 1250), ("agent", "Hello.", None, 1.25)),
        (turn("AGENT", "Hello."), ("agent", "Hello.", None, None)),
        (turn("AGENT", "Hello.", "500", "1250"), ("agent", "Hello.", 0.5, 1.25)),
        (turn("SYSTEM", "Connected.", 0, 10), ("system", "Connected.", 0.0, 0.01)),
        (turn("CUSTOM_BOT", "Say yes.", 0, 10), ("custom_bot", "Say yes.", 0.0, 0.01)),
        (turn("SUPERVISOR", "Well done.", 0, 10), ("supervisor", "Well done.", 0.0, 0.01)),
        (turn("x", "Hi.", 0, 10, ParticipantRole="CUSTOMER"), ("customer", "Hi.", 0.0, 0.01)),
        (turn("AGENT", "Hello.", 0, 10, Sentiment="NEUTRAL", LoudnessScores=[80, None]), ("agent", "Hello.", 0.0, 0.01)),
        ({"ParticipantId": "AGENT", "PartialContent": "Hel", "BeginOffsetMillis": 5}, ("agent", "Hel", 0.005, None)),
    ],
)  # fmt: skip
def test_a_turn_of_contact_lens_with_what_it_has(item: dict[str, Any], line: tuple[Any, ...]) -> None:
    cell = json.dumps({"Version": "1.1.0", "Channel": "VOICE", "Transcript": [item]})
    transcript = read_transcript(cell, times="leave out")
    assert transcript.form == "Amazon Connect Contact Lens"
    assert said(transcript) == [line]
    assert codes(transcript) == []
    assert accounted(cell, transcript).unassigned == []


def test_the_list_alone_is_enough() -> None:
    transcript = read_transcript(
        json.dumps([turn("AGENT", "Hello.", 0, 900), turn("CUSTOMER", "Hi.", 800, 1200)])
    )
    assert said(transcript) == [("agent", "Hello.", 0.0, 0.9), ("customer", "Hi.", 0.8, 1.2)]
    assert codes(transcript) == []


def test_turns_that_overlap_or_run_backwards_stay_as_they_are() -> None:
    transcript = read_transcript(
        {"Transcript": [turn("AGENT", "B.", 5000, 9000), turn("CUSTOMER", "A.", 1000, 6000)]}
    )
    assert said(transcript) == [("agent", "B.", 5.0, 9.0), ("customer", "A.", 1.0, 6.0)]


def test_a_turn_with_nothing_in_it_is_no_line_and_one_with_something_else_is_kept() -> None:
    odd = {"ParticipantId": "AGENT", "Blob": 7}
    transcript = read_transcript({"Transcript": [turn("AGENT", ""), odd, turn("AGENT", "Hello.", 0, 1)]})
    assert [line.text for line in transcript.lines] == ['{"ParticipantId":"AGENT","Blob":7}', "Hello."]
    assert [(item.code, item.line) for item in transcript.findings if item.code == "line-not-read"] == [
        ("line-not-read", 1)
    ]


def test_an_offset_that_is_no_number_is_a_finding_at_its_line() -> None:
    transcript = read_transcript(
        {"Transcript": [turn("CUSTOMER", "A.", 0, 900), turn("AGENT", "B.", "soon", 1900)]}, times="leave out"
    )
    assert said(transcript) == [("customer", "A.", 0.0, 0.9), ("agent", "B.", None, 1.9)]
    assert [(item.code, item.line, item.value) for item in transcript.findings] == [
        ("time-unreadable", 2, "soon")
    ]


def test_a_chat_counts_from_its_first_message_and_names_attachments() -> None:
    def message(who: str, time: str, **more: Any) -> dict[str, Any]:
        return {"ParticipantId": who, "AbsoluteTime": time, "Type": "MESSAGE", **more}

    transcript = read_transcript(
        {
            "Participants": [{"ParticipantId": "a", "ParticipantRole": "AGENT"}, {"ParticipantId": "c"}],
            "Transcript": [
                {"ParticipantId": "c", "AbsoluteTime": "2026-03-02T10:00:00Z", "Type": "EVENT"},
                message("c", "2026-03-02T10:00:05.250Z", Content="My card is gone."),
                message("a", "2026-03-02T10:00:15Z", Content="I am sorry."),
                {
                    "ParticipantId": "c",
                    "AbsoluteTime": "2026-03-02T10:00:20Z",
                    "Type": "ATTACHMENT",
                    "Attachments": [{"AttachmentName": "card.png"}, {"AttachmentName": "bill.pdf"}],
                },
            ],
        },
        times="leave out",
    )
    assert said(transcript) == [
        ("customer", "My card is gone.", 0.0, None),
        ("agent", "I am sorry.", 9.75, None),
        ("customer", "card.png\nbill.pdf", 14.75, None),
    ]


def test_a_call_in_which_nobody_speaks_is_kept_whole_and_flagged() -> None:
    transcript = read_transcript('{"Transcript":[]}')
    assert (transcript.form, [line.text for line in transcript.lines]) == (
        "unreadable",
        ['{"Transcript":[]}'],
    )
    assert codes(transcript) == ["transcript-unreadable"]


# --- Transcribe ---


def transcribed(items: list[Any], **results: Any) -> Transcript:
    cell = json.dumps({"jobName": "j", "status": "COMPLETED", "results": {"items": items, **results}})
    transcript = read_transcript(cell, times="leave out")
    assert transcript.form == "Amazon Transcribe"
    assert accounted(cell, transcript).unassigned == []
    return transcript


def test_speakers_stand_in_the_words_of_newer_files() -> None:
    transcript = transcribed(
        [
            word("Good", "0.1", "0.4", speaker_label="spk_0"),
            word("morning", "0.4", "0.9", speaker_label="spk_0"),
            word(".", speaker_label="spk_0"),
            word("Hi", "1.2", "1.5", speaker_label="spk_1"),
            word("!", speaker_label="spk_1"),
        ]
    )
    assert said(transcript) == [("spk_0", "Good morning.", 0.1, 0.9), ("spk_1", "Hi!", 1.2, 1.5)]
    assert transcript.labels == {"spk_0": 1, "spk_1": 1}


def test_speakers_can_be_mapped() -> None:
    items = [word("Hello", "0", "1", speaker_label="spk_0"), word("Hi", "2", "3", speaker_label="spk_1")]
    transcript = read_transcript(
        {"results": {"items": items}}, roles={"SPK_0": "agent", "spk_1": "leave out"}
    )
    assert said(transcript) == [("agent", "Hello", 0.0, 1.0)]
    assert transcript.left_out == [(1, "Hi")]


def test_punctuation_goes_with_the_word_before_it_also_at_a_change_of_speaker() -> None:
    segments = [
        {
            "speaker_label": "spk_0",
            "start_time": "0.0",
            "items": [{"start_time": "0.0", "speaker_label": "spk_0"}],
        },
        {
            "speaker_label": "spk_1",
            "start_time": "1.0",
            "items": [{"start_time": "1.0", "speaker_label": "spk_1"}],
        },
    ]
    items = [word("Yes", "0.0", "0.5"), word("?"), word("No", "1.0", "1.5"), word(".")]
    transcript = transcribed(items, speaker_labels={"speakers": 2, "segments": segments})
    assert said(transcript) == [("spk_0", "Yes?", 0.0, 0.5), ("spk_1", "No.", 1.0, 1.5)]


def test_one_speaker_twice_with_somebody_between_is_three_turns() -> None:
    items = [
        word(text, str(place), str(place + 1), speaker_label=who)
        for place, (text, who) in enumerate(
            [("one", "spk_0"), ("two", "spk_1"), ("three", "spk_0"), ("four", "spk_0")]
        )
    ]
    assert [(role, text) for role, text, _, _ in said(transcribed(items))] == [
        ("spk_0", "one"), ("spk_1", "two"), ("spk_0", "three four")
    ]  # fmt: skip


def test_the_best_of_several_alternatives_is_taken() -> None:
    first = word("card", "0", "1", speaker_label="spk_0")
    first["alternatives"].append({"confidence": "0.2", "content": "cart"})
    assert (
        said(read_transcript({"results": {"items": [first, word("x", "2", "3", speaker_label="spk_1")]}}))[0][
            1
        ]
        == "card"
    )


def test_segments_of_audio_are_read_where_there_are_no_words() -> None:
    transcript = read_transcript(
        {
            "results": {
                "transcripts": [{"transcript": "Hello. Hi."}],
                "audio_segments": [
                    {
                        "id": 0,
                        "transcript": "Hello.",
                        "start_time": "0.5",
                        "end_time": "1.0",
                        "speaker_label": "spk_0",
                    },
                    {
                        "id": 1,
                        "transcript": "Hi.",
                        "start_time": "1.5",
                        "end_time": "2.0",
                        "channel_label": "ch_1",
                    },
                ],
            }
        }
    )
    assert said(transcript) == [("spk_0", "Hello.", 0.5, 1.0), ("ch_1", "Hi.", 1.5, 2.0)]


def test_a_pause_within_a_channel_ends_the_turn_and_channels_are_told_apart() -> None:
    channels = [
        {"channel_label": "ch_0", "items": [word("Hello", "0.0", "0.5"), word("again", "3.0", "3.5")]},
        {"channel_label": "ch_1", "items": [word("Hi", "1.0", "1.5"), word("!")]},
    ]
    items = [item for channel in channels for item in channel["items"]]
    transcript = transcribed(items, channel_labels={"number_of_channels": 2, "channels": channels})
    assert said(transcript) == [
        ("ch_0", "Hello", 0.0, 0.5),
        ("ch_1", "Hi!", 1.0, 1.5),
        ("ch_0", "again", 3.0, 3.5),
    ]


# --- Post Call Analytics ---


@pytest.mark.parametrize(
    ("segment", "line"),
    [
        ({"SegmentSpeaker": "spk_0", "DisplayText": "Hello."}, ("agent", "Hello.", None, None)),
        ({"SegmentSpeaker": "spk_1", "OriginalText": "Hi."}, ("customer", "Hi.", None, None)),
        ({"SegmentSpeaker": "spk_7", "DisplayText": "Oh."}, ("agent", "Oh.", None, None)),
        (
            {"SegmentSpeaker": "spk_0", "DisplayText": "Press 1.", "IVRSegment": True},
            ("ivr", "Press 1.", None, None),
        ),
        ({"SegmentSpeaker": "spk_0", "DisplayText": "A.", "IVRSegment": False}, ("agent", "A.", None, None)),
        (
            {"SegmentSpeaker": "spk_0", "DisplayText": "A.", "SegmentStartTime": 1.25, "SegmentEndTime": 2},
            ("agent", "A.", 1.25, 2.0),
        ),
        (
            {
                "SegmentSpeaker": "spk_0",
                "DisplayText": "A.",
                "SegmentStartTime": 4000,
                "SegmentEndTime": 4002,
            },
            ("agent", "A.", 4000.0, 4002.0),
        ),
    ],
)
def test_a_segment_of_post_call_analytics(segment: dict[str, Any], line: tuple[Any, ...]) -> None:
    labels = [{"Speaker": "spk_0", "DisplayText": "Agent"}, {"Speaker": "spk_1", "DisplayText": "Customer"}]
    first = {"SegmentSpeaker": "spk_1", "DisplayText": "Yes?", "SegmentStartTime": 0.0, "SegmentEndTime": 0.5}
    transcript = read_transcript(
        {"ConversationAnalytics": {"SpeakerLabels": labels}, "SpeechSegments": [first, segment]},
        times="leave out",
    )
    assert transcript.form == "Amazon Post Call Analytics"
    assert said(transcript) == [("customer", "Yes?", 0.0, 0.5), line]
