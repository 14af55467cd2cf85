"""Vendors' data that is wrapped, split, cut off or strange: what it becomes, and what is said about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reddy_lib.transcripts import read_transcript

ASSISTANT = {"messages": [{"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Hi."}]}
WHISPER = {
    "segments": [{"start": 0.5, "end": 1.0, "text": "Hello."}, {"start": 1.5, "end": 2.0, "text": "Hi."}]
}
GENESYS = {
    "transcripts": [
        {
            "phrases": [
                {"participantPurpose": "internal", "text": "Hello."},
                {"participantPurpose": "external", "text": "Hi."},
            ]
        }
    ]
}
LENS = {
    "Transcript": [
        {"ParticipantId": "AGENT", "Content": "Hello."},
        {"ParticipantId": "CUSTOMER", "Content": "Hi."},
    ]
}
DEEPGRAM = {
    "results": {"utterances": [{"speaker": 0, "transcript": "Hello."}, {"speaker": 1, "transcript": "Hi."}]}
}
SAMPLES = {
    "voice assistant messages": ASSISTANT,
    "Whisper": WHISPER,
    "Genesys Cloud": GENESYS,
    "Amazon Connect Contact Lens": LENS,
    "Deepgram": DEEPGRAM,
}


@pytest.mark.parametrize("form", SAMPLES)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda data: json.dumps(data),
        lambda data: json.dumps(data, indent=2),
        lambda data: repr(data),
        lambda data: data,
        lambda data: json.dumps({"data": data}),
        lambda data: json.dumps({"status": "ok", "result": {"payload": data}}),
        lambda data: json.dumps({"body": json.dumps(data)}),
        lambda data: json.dumps(json.dumps(data)),
        lambda data: f"```json\n{json.dumps(data)}\n```",
        lambda data: "\ufeff" + json.dumps(data),
        lambda data: json.dumps([data]),
    ],
    ids=[
        "json",
        "indented",
        "python",
        "data",
        "envelope",
        "envelopes",
        "text in data",
        "quoted",
        "fenced",
        "marked",
        "list",
    ],
)
def test_a_vendors_data_is_known_in_each_wrapping(form: str, wrap: Any) -> None:
    transcript = read_transcript(wrap(SAMPLES[form]))
    assert transcript.form == form
    assert [line.text for line in transcript.lines] == ["Hello.", "Hi."]


@pytest.mark.parametrize("form", SAMPLES)
def test_extra_keys_change_nothing(form: str) -> None:
    data = {
        "id": "x-1",
        "vendor": {"name": "Cedarline"},
        **SAMPLES[form],
        "tags": ["a"],
        "cost": 0.1,
        "note": None,
    }
    assert read_transcript(json.dumps(data)).lines == read_transcript(json.dumps(SAMPLES[form])).lines


@pytest.mark.parametrize("form", SAMPLES)
def test_data_that_is_cut_off_is_one_line_with_all_of_it(form: str) -> None:
    cell = json.dumps(SAMPLES[form])[:-3]
    transcript = read_transcript(cell)
    assert transcript.form == "unreadable"
    assert [line.text for line in transcript.lines] == [cell]
    assert [item.code for item in transcript.findings] == ["transcript-unreadable"]


@pytest.mark.parametrize("form", SAMPLES)
def test_every_line_gets_a_time_where_times_are_estimated(form: str) -> None:
    transcript = read_transcript(SAMPLES[form])
    assert all(
        line.start is not None and line.stop is not None and line.start < line.stop
        for line in transcript.lines
    )
    told = [item.code for item in transcript.findings].count("times-estimated")
    assert told == (0 if form == "Whisper" else 1)
