"""Speech-to-text services and voice assistants, where their data varies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reddy_lib.transcripts import Transcript, accounted, read_transcript

Line = tuple[str, str, float | None, float | None]


def said(transcript: Transcript) -> list[Line]:
    return [(line.role, line.text, line.start, line.stop) for line in transcript.lines]


def read(data: Any, **how: Any) -> Transcript:
    return read_transcript(json.dumps(data), times="leave out", **how)


# --- Azure ---


@pytest.mark.parametrize(
    ("times", "span"),
    [
        ({"offset": "PT0.76S", "duration": "PT1.5S"}, (0.76, 2.26)),
        ({"offset": "PT1M2S", "duration": "PT1S"}, (62.0, 63.0)),
        ({"offset": "PT1H", "duration": "PT0.5S"}, (3600.0, 3600.5)),
        ({"offsetInTicks": 7_600_000, "durationInTicks": 15_000_000}, (0.76, 2.26)),
        ({"offsetInTicks": 7_600_000.0}, (0.76, None)),
        ({"offsetMilliseconds": 760, "durationMilliseconds": 1500}, (0.76, 2.26)),
        ({"offset": "PT9S", "offsetInTicks": 7_600_000, "durationInTicks": 0}, (0.76, 0.76)),
        ({}, (None, None)),
    ],
)
def test_azure_phrases_in_each_of_its_units(times: dict[str, Any], span: tuple[Any, Any]) -> None:
    phrase = {"channel": 0, "speaker": 1, "nBest": [{"display": "Hello.", "lexical": "hello"}], **times}
    transcript = read({"recognizedPhrases": [phrase]})
    assert transcript.form == "Azure batch transcription"
    assert said(transcript) == [("speaker 1", "Hello.", *span)]


@pytest.mark.parametrize(
    ("best", "text"),
    [
        ({"display": "I have 2.", "itn": "i have 2", "lexical": "i have two"}, "I have 2."),
        ({"display": "", "itn": "i have 2", "lexical": "i have two"}, "i have 2"),
        ({"maskedITN": "i have *", "lexical": "i have two"}, "i have *"),
        ({"lexical": "i have two"}, "i have two"),
    ],
)
def test_azure_takes_the_text_that_reads_best(best: dict[str, str], text: str) -> None:
    transcript = read(
        {"recognizedPhrases": [{"speaker": 1, "offset": "PT0S", "nBest": [best, {"display": "No."}]}]}
    )
    assert [line.text for line in transcript.lines] == [text]


@pytest.mark.parametrize(
    ("phrases", "labels"),
    [
        ([(0, 1), (0, 2)], ["speaker 1", "speaker 2"]),
        ([(0, 1), (1, 1)], ["channel 0", "channel 1"]),
        ([(0, None), (1, None)], ["channel 0", "channel 1"]),
        ([(0, 1), (0, 2), (1, 1)], ["channel 0, speaker 1", "channel 0, speaker 2", "channel 1, speaker 1"]),
        ([(0, None), (0, None)], ["", ""]),
    ],
)
def test_azure_names_the_speaker_the_channel_or_both(phrases: list[Any], labels: list[str]) -> None:
    items = [
        {"channel": channel, "speaker": speaker, "offset": f"PT{place}S", "nBest": [{"display": "Hm."}]}
        for place, (channel, speaker) in enumerate(phrases)
    ]
    assert [line.role for line in read({"recognizedPhrases": items}).lines] == labels


def test_azure_phrases_that_failed_are_no_lines() -> None:
    phrases = [
        {"recognitionStatus": "Failure", "offset": "PT0S"},
        {"recognitionStatus": "Success", "speaker": 1, "offset": "PT1S", "nBest": [{"display": "Hello."}]},
    ]
    assert said(read({"recognizedPhrases": phrases})) == [("speaker 1", "Hello.", 1.0, None)]


# --- Deepgram, AssemblyAI, Whisper ---


@pytest.mark.parametrize(
    ("item", "line"),
    [
        ({"speaker": 0, "start": 0.5, "end": 1.25}, ("speaker 0", 0.5, 1.25)),
        ({"speaker": 0, "start": 2000, "end": 2001}, ("speaker 0", 2000.0, 2001.0)),
        ({"speaker": 0}, ("speaker 0", None, None)),
        ({"start": 0.5, "end": 1.25}, ("", 0.5, 1.25)),
        (
            {"speaker": 1, "channel": 0, "start": 0.5, "end": 1, "words": [], "confidence": 0.9},
            ("speaker 1", 0.5, 1.0),
        ),
    ],
)
def test_an_utterance_of_deepgram(item: dict[str, Any], line: tuple[Any, ...]) -> None:
    data = {
        "metadata": {"duration": 9},
        "results": {"channels": [], "utterances": [{"transcript": "Hello.", **item}]},
    }
    transcript = read(data)
    assert transcript.form == "Deepgram"
    assert said(transcript) == [(line[0], "Hello.", line[1], line[2])]


def test_deepgram_paragraphs_stand_in_for_words() -> None:
    paragraphs = [
        {"speaker": 0, "start": 0.0, "end": 2.0, "sentences": [{"text": "Hello."}, {"text": "I am Ben."}]},
        {"speaker": 1, "start": 2.5, "end": 3.0, "sentences": [{"text": "Hi."}]},
    ]
    choice = {"transcript": "Hello. I am Ben. Hi.", "paragraphs": {"paragraphs": paragraphs}}
    transcript = read({"results": {"channels": [{"alternatives": [choice]}]}})
    assert said(transcript) == [("speaker 0", "Hello. I am Ben.", 0.0, 2.0), ("speaker 1", "Hi.", 2.5, 3.0)]


@pytest.mark.parametrize(
    ("item", "line"),
    [
        ({"speaker": "A", "start": 500, "end": 1250}, ("a", 0.5, 1.25)),
        ({"speaker": "A", "start": 0.5, "end": 1.25}, ("a", 0.5, 1.25)),
        ({"speaker": "1", "start": 0, "end": 90}, ("speaker 1", 0.0, 0.09)),
        ({"speaker": "Agent", "start": 0, "end": 90}, ("agent", 0.0, 0.09)),
        ({"speaker": None, "start": 0, "end": 90}, ("", 0.0, 0.09)),
    ],
)
def test_an_utterance_of_assemblyai(item: dict[str, Any], line: tuple[Any, ...]) -> None:
    transcript = read({"id": "x", "words": [], "utterances": [{"text": "Hello.", "words": [], **item}]})
    assert transcript.form == "AssemblyAI"
    assert said(transcript) == [(line[0], "Hello.", line[1], line[2])]


@pytest.mark.parametrize(
    ("speakers", "form", "labels"),
    [
        ([None, None], "Whisper", ["", ""]),
        (["A", "B"], "OpenAI diarized transcription", ["a", "b"]),
        (["SPEAKER_00", "SPEAKER_01"], "OpenAI diarized transcription", ["speaker_00", "speaker_01"]),
        (["agent", "customer"], "OpenAI diarized transcription", ["agent", "customer"]),
    ],
)
def test_segments_of_whisper_with_and_without_speakers(
    speakers: list[Any], form: str, labels: list[str]
) -> None:
    segments = [
        {"id": place, "start": place, "end": place + 0.5, "text": " Hm.", **({"speaker": who} if who else {})}
        for place, who in enumerate(speakers)
    ]
    transcript = read({"task": "transcribe", "language": "en", "text": "Hm. Hm.", "segments": segments})
    assert transcript.form == form
    assert said(transcript) == [
        (label, "Hm.", float(place), place + 0.5) for place, label in enumerate(labels)
    ]
    told = [item.code for item in transcript.findings]
    assert told == (["transcript-no-speakers"] if form == "Whisper" else [])


# --- voice assistants ---


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ({"role": "assistant", "content": "Hello."}, ("agent", "Hello.", None, None)),
        ({"role": "bot", "content": "Hello."}, ("agent", "Hello.", None, None)),
        ({"role": "user", "content": "Hi."}, ("customer", "Hi.", None, None)),
        ({"role": "human", "content": "Hi."}, ("customer", "Hi.", None, None)),
        (
            {"role": "user", "content": [{"type": "text", "text": "One."}, "Two."]},
            ("customer", "One.\nTwo.", None, None),
        ),
        ({"role": "user", "content": "Hi.", "start": 1.5, "end": 2.5}, ("customer", "Hi.", 1.5, 2.5)),
        ({"role": "user", "content": "Hi.", "time_in_call_secs": 7}, ("customer", "Hi.", 7.0, None)),
        (
            {"role": "user", "content": "Hi.", "secondsFromStart": 3, "duration": 1500},
            ("customer", "Hi.", 3.0, 4.5),
        ),
        (
            {"role": "user", "content": "Hi.", "words": [{"start": 1, "end": 2}, {"start": 2, "end": 3}]},
            ("customer", "Hi.", 1.0, 3.0),
        ),
    ],
)
def test_a_message_of_a_voice_assistant(message: dict[str, Any], line: Line) -> None:
    transcript = read({"messages": [{"role": "assistant", "content": "Yes?"}, message]})
    assert said(transcript) == [("agent", "Yes?", None, None), line]


NOTICE = [
    ("Bot", "This call may be recorded for training."),
    ("User", "Hello, is this the service?"),
    ("Assistant", "Thank you for calling, how can I help you?"),
    ("User", "I was billed twice."),
]


@pytest.mark.parametrize(
    "cell",
    [
        [{"participant": who.lower(), "utterance": text} for who, text in NOTICE],
        repr([{"speaker": who, "text": text, "start": n} for n, (who, text) in enumerate(NOTICE)]),
        "\n".join(f"{who}: {text}" for who, text in NOTICE),
    ],
    ids=["objects", "python", "text"],
)
def test_a_bot_beside_an_assistant_is_asked_about(cell: object) -> None:
    roles = [line.role for line in read_transcript(cell).lines]
    assert roles[0] not in ("agent", "customer")
    assert roles[1:] == ["customer", "agent", "customer"]
    assert read_transcript(cell, roles={roles[0]: "agent"}).lines[0].role == "agent"


@pytest.mark.parametrize("role", ["system", "developer", "tool", "function"])
def test_an_instruction_and_the_result_of_a_tool_are_no_lines(role: str) -> None:
    messages = [{"role": "assistant", "content": "Yes?"}, {"role": role, "content": "Be kind to all."}]
    transcript = read({"messages": messages})
    assert said(transcript) == [("agent", "Yes?", None, None)]
    assert [item.code for item in transcript.findings] == ["not-spoken"]
    assert accounted(messages, transcript).unassigned == []


def test_a_message_that_only_calls_a_tool_says_nothing() -> None:
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "assistant", "content": "Done."},
        {"role": "user", "content": ""},
    ]
    assert said(read(messages)) == [("agent", "Done.", None, None)]


# --- vCon ---


@pytest.mark.parametrize(
    ("parties", "label", "role"),
    [
        ([{"name": "Ben", "role": "agent"}, {"name": "Ann", "role": "customer"}], "Ann", "customer"),
        ([{"tel": "+15550100", "meta": {"role": "agent"}}, {"tel": "+15550101"}], "+15550100", "agent"),
        ([{"name": "Ben"}, {"name": "Ann"}], "Ann", "ann"),
        ([{"name": "Ann", "role": "agent"}, {"name": "Ann", "role": "customer"}], "Ann", "ann"),
    ],
)
def test_parties_of_a_vcon_give_their_role_to_their_name(parties: list[Any], label: str, role: str) -> None:
    body = [{"speaker": label, "text": "Hello."}, {"speaker": "Zoe", "text": "Hi."}]
    analysis = [{"type": "transcript", "dialog": 0, "body": body}]
    transcript = read(
        {"vcon": "0.0.1", "parties": parties, "dialog": [{"type": "recording"}], "analysis": analysis}
    )
    assert transcript.form == "vCon"
    assert said(transcript)[0] == (role, "Hello.", None, None)


@pytest.mark.parametrize(
    ("who", "label"), [(0, "agent"), ([1], "ann"), (7, "party 7"), (None, ""), (True, "party true")]
)
def test_who_wrote_a_message_of_a_vcon(who: Any, label: str) -> None:
    dialog = [{"type": "text", "start": "2026-03-02T10:00:00Z", "parties": who, "body": "Hello."}]
    transcript = read({"parties": [{"role": "agent"}, {"name": "Ann"}], "dialog": dialog})
    assert said(transcript) == [(label, "Hello.", 0.0, None)]
    assert transcript.started == 1_772_445_600
