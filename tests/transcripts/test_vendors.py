"""Vendors' transcripts: recognised by shape, each turn with its words, its speaker and its times."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reddy_lib.transcripts import Transcript, read_transcript


def read(data: Any, **options: Any) -> Transcript:
    """Reads data as it stands in a cell: as JSON text."""
    return read_transcript(data if isinstance(data, str) else json.dumps(data), **options)


def codes(transcript: Transcript) -> list[str]:
    return [finding.code for finding in transcript.findings]


def said(transcript: Transcript) -> list[tuple[str, str, float | None, float | None]]:
    return [(line.role, line.text, line.start, line.stop) for line in transcript.lines]


# --- Amazon ---


def test_contact_lens_joins_participants_to_their_roles() -> None:
    transcript = read(
        {
            "Channel": "VOICE",
            "Participants": [
                {"ParticipantId": "p-1", "ParticipantRole": "AGENT"},
                {"ParticipantId": "p-2", "ParticipantRole": "CUSTOMER"},
            ],
            "Transcript": [
                {
                    "ParticipantId": "p-1",
                    "Content": "Hello.",
                    "BeginOffsetMillis": 90,
                    "EndOffsetMillis": 1215,
                },
                {
                    "ParticipantId": "p-2",
                    "Content": "Hi.",
                    "BeginOffsetMillis": 1500,
                    "EndOffsetMillis": 1999,
                },
                {"ParticipantId": "p-9", "Content": "…", "BeginOffsetMillis": 2000, "EndOffsetMillis": 2001},
            ],
        }
    )
    assert transcript.form == "Amazon Connect Contact Lens"
    assert said(transcript) == [
        ("agent", "Hello.", 0.09, 1.215),
        ("customer", "Hi.", 1.5, 1.999),
        ("p-9", "…", 2.0, 2.001),
    ]
    assert transcript.started is None


def test_contact_lens_chat_takes_messages_and_passes_over_events() -> None:
    transcript = read(
        {
            "Participants": [
                {"ParticipantId": "a", "ParticipantRole": "AGENT"},
                {"ParticipantId": "c", "ParticipantRole": "CUSTOMER"},
            ],
            "Transcript": [
                {
                    "Type": "EVENT",
                    "ContentType": "application/vnd.amazonaws.connect.event.participant.joined",
                    "ParticipantId": "a",
                    "AbsoluteTime": "2025-06-01T09:59:58.000Z",
                },
                {
                    "Type": "MESSAGE",
                    "ParticipantId": "a",
                    "Content": "Hi",
                    "AbsoluteTime": "2025-06-01T10:00:00.250Z",
                },
                {
                    "Type": "MESSAGE",
                    "ParticipantId": "c",
                    "Content": "Yo",
                    "AbsoluteTime": "2025-06-01T10:00:03.500Z",
                },
                {
                    "Type": "ATTACHMENT",
                    "ParticipantId": "c",
                    "Attachments": [{"AttachmentName": "card.png"}],
                    "AbsoluteTime": "2025-06-01T10:00:05.500Z",
                },
            ],
        }
    )
    assert [(role, text, start) for role, text, start, _ in said(transcript)] == [
        ("agent", "Hi", 0.0),
        ("customer", "Yo", 3.25),
        ("customer", "card.png", 5.25),
    ]
    assert transcript.started == 1748772000.25
    assert not transcript.started_naive


def test_contact_lens_in_real_time_takes_pieces_only_where_the_turn_never_came() -> None:
    transcript = read(
        {
            "ContactId": "c-1",
            "Segments": [
                {
                    "Utterance": {
                        "TranscriptId": "t-1",
                        "ParticipantRole": "AGENT",
                        "PartialContent": "Good",
                        "BeginOffsetMillis": 0,
                        "EndOffsetMillis": 300,
                    }
                },
                {
                    "Transcript": {
                        "Id": "t-1",
                        "ParticipantRole": "AGENT",
                        "Content": "Good day.",
                        "BeginOffsetMillis": 0,
                        "EndOffsetMillis": 700,
                    }
                },
                {"Categories": {"MatchedCategories": []}},
                {
                    "Utterance": {
                        "TranscriptId": "t-2",
                        "ParticipantRole": "CUSTOMER",
                        "PartialContent": "I lost",
                        "BeginOffsetMillis": 900,
                        "EndOffsetMillis": 1300,
                    }
                },
            ],
        }
    )
    assert said(transcript) == [("agent", "Good day.", 0.0, 0.7), ("customer", "I lost", 0.9, 1.3)]


def test_call_analytics_names_roles_in_the_turns() -> None:
    transcript = read(
        {
            "JobName": "call.wav",
            "Transcript": [
                {
                    "ParticipantRole": "AGENT",
                    "Content": "Bye.",
                    "BeginOffsetMillis": 181940,
                    "EndOffsetMillis": 182890,
                }
            ],
        }
    )
    assert transcript.form == "Amazon Transcribe Call Analytics"
    assert said(transcript) == [("agent", "Bye.", 181.94, 182.89)]


def transcribe_word(text: str, start: str, stop: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "pronunciation",
        "start_time": start,
        "end_time": stop,
        "alternatives": [{"content": text, "confidence": "0.9"}],
        **more,
    }


COMMA = {"type": "punctuation", "alternatives": [{"content": ",", "confidence": "0.0"}]}
STOP = {"type": "punctuation", "alternatives": [{"content": ".", "confidence": "0.0"}]}


def test_transcribe_joins_words_to_speakers_by_their_start() -> None:
    transcript = read(
        {
            "results": {
                "transcripts": [{"transcript": "Well, hello. Hi."}],
                "speaker_labels": {
                    "segments": [
                        {
                            "speaker_label": "spk_1",
                            "start_time": "0.1",
                            "items": [
                                {"speaker_label": "spk_1", "start_time": "0.1"},
                                {"speaker_label": "spk_1", "start_time": "0.5"},
                            ],
                        },
                        {
                            "speaker_label": "spk_0",
                            "start_time": "2.0",
                            "items": [{"speaker_label": "spk_0", "start_time": "2.0"}],
                        },
                    ]
                },
                "items": [
                    transcribe_word("Well", "0.1", "0.4"),
                    COMMA,
                    transcribe_word("hello", "0.5", "0.95"),
                    STOP,
                    transcribe_word("Hi", "2.0", "2.25"),
                    STOP,
                ],
            }
        }
    )
    assert transcript.form == "Amazon Transcribe"
    assert said(transcript) == [("spk_1", "Well, hello.", 0.1, 0.95), ("spk_0", "Hi.", 2.0, 2.25)]
    assert transcript.labels == {"spk_1": 1, "spk_0": 1}


def test_transcribe_channels_are_put_in_order_of_time() -> None:
    transcript = read(
        {
            "results": {
                "items": [transcribe_word("x", "0", "1")],
                "channel_labels": {
                    "channels": [
                        {
                            "channel_label": "ch_0",
                            "items": [
                                transcribe_word("Hello", "0.1", "0.4"),
                                STOP,
                                transcribe_word("Bye", "1.3", "1.5"),
                            ],
                        },
                        {"channel_label": "ch_1", "items": [transcribe_word("Hi", "0.6", "0.8"), STOP]},
                    ]
                },
            }
        }
    )
    assert [(role, text) for role, text, _, _ in said(transcript)] == [
        ("ch_0", "Hello."),
        ("ch_1", "Hi."),
        ("ch_0", "Bye"),
    ]


def test_transcribe_without_speakers_gives_sentences_and_says_so() -> None:
    transcript = read(
        {
            "results": {
                "items": [transcribe_word("Hello", "0.1", "0.4"), STOP, transcribe_word("Hi", "0.6", "0.8")]
            }
        }
    )
    assert said(transcript) == [("", "Hello.", 0.1, 0.4), ("", "Hi", 0.6, 0.8)]
    assert codes(transcript) == ["transcript-no-speakers"]


def test_post_call_analytics_uses_its_own_names_and_marks_the_menu() -> None:
    transcript = read(
        {
            "ConversationAnalytics": {
                "ConversationTime": "2025-06-01 10:00:00",
                "SpeakerLabels": [
                    {"Speaker": "spk_0", "DisplayText": "Customer"},
                    {"Speaker": "spk_1", "DisplayText": "Agent"},
                ],
            },
            "SpeechSegments": [
                {"SegmentSpeaker": "spk_1", "IVRSegment": True, "DisplayText": "Press 1", "SegmentStartTime": 0.5,
                 "SegmentEndTime": 1.25},
                {"SegmentSpeaker": "spk_0", "DisplayText": "", "OriginalText": "Hi", "SegmentStartTime": 2.0,
                 "SegmentEndTime": 2.5},
            ],
        }
    )  # fmt: skip
    assert said(transcript) == [("ivr", "Press 1", 0.5, 1.25), ("customer", "Hi", 2.0, 2.5)]
    assert (transcript.started, transcript.started_naive) == (1748772000.0, True)


# --- platforms ---


def phrase(text: str, who: str, start: int, **more: Any) -> dict[str, Any]:
    return {"text": text, "participantPurpose": who, "startTimeMs": start, **more}


def test_genesys_keeps_every_transcript_of_a_transferred_call_and_its_milliseconds() -> None:
    transcript = read(
        {
            "conversationId": "g-1",
            "conversationStartTime": 1_748_772_000_000,
            "transcripts": [
                {
                    "phrases": [
                        phrase("hello", "internal", 1_748_772_001_215, decoratedText="Hello.",
                               duration={"milliseconds": 700}),
                        phrase("hi", "external", 1_748_772_002_500),
                    ]
                },
                {"phrases": [phrase("billing", "internal", 1_748_772_060_004, duration={"milliseconds": 900})]},
            ],
        }
    )  # fmt: skip
    assert transcript.form == "Genesys Cloud"
    assert said(transcript) == [
        ("agent", "Hello.", 1.215, 1.915),
        ("customer", "hi", 2.5, 60.004),
        ("agent", "billing", 60.004, 60.904),
    ]
    assert transcript.started == 1_748_772_000.0
    assert "derived" in transcript.findings[0].message


def test_genesys_offsets_are_told_from_times_of_day() -> None:
    transcript = read(
        {"transcripts": [{"phrases": [phrase("Hi", "external", 500), phrase("Yes", "acd", 4200)]}]}
    )
    assert [(role, start) for role, _, start, _ in said(transcript)] == [("customer", 0.5), ("acd", 4.2)]


def test_google_conversations_count_microseconds_since_1970() -> None:
    transcript = read(
        {
            "entries": [
                {
                    "role": "AUTOMATED_AGENT",
                    "text": "Hi",
                    "start_timestamp_usec": 1_675_230_581_000_000,
                    "user_id": 2,
                },
                {
                    "role": "END_USER",
                    "text": "Yo",
                    "start_timestamp_usec": 1_675_230_582_250_500,
                    "user_id": 1,
                },
            ]
        }
    )
    assert [(role, text, start) for role, text, start, _ in said(transcript)] == [
        ("agent", "Hi", 0.0),
        ("customer", "Yo", 1.2505),
    ]
    assert transcript.started == 1_675_230_581.0


def test_google_insights_segments_take_their_times_from_the_words() -> None:
    transcript = read(
        {
            "startTime": "2025-06-01T10:00:00Z",
            "transcript": {
                "transcriptSegments": [
                    {
                        "text": "Hello there",
                        "segmentParticipant": {"role": "HUMAN_AGENT"},
                        "words": [
                            {"word": "Hello", "startOffset": "0.400s", "endOffset": "0.8s"},
                            {"word": "there", "startOffset": "0.9s", "endOffset": "1.300s"},
                        ],
                    }
                ]
            },
        }
    )
    assert said(transcript) == [("agent", "Hello there", 0.4, 1.3)]


def test_google_meet_resolves_participants_that_are_named() -> None:
    transcript = read(
        {
            "participants": [{"name": "p/1", "signedinUser": {"displayName": "Ann Lee"}}],
            "transcriptEntries": [
                {"participant": "p/1", "text": "Hi", "startTime": "2025-06-01T10:00:00Z",
                 "endTime": "2025-06-01T10:00:01.5Z"},
                {"participant": "p/2", "text": "Yo", "startTime": "2025-06-01T10:00:02Z",
                 "endTime": "2025-06-01T10:00:02.25Z"},
            ],
        }
    )  # fmt: skip
    assert transcript.labels == {"Ann Lee": 1, "p/2": 1}
    assert said(transcript) == [("ann lee", "Hi", 0.0, 1.5), ("p/2", "Yo", 2.0, 2.25)]


def test_verint_words_become_turns() -> None:
    words = [("Good", "Agent", 10, 200), ("day", "Agent", 210, 400), ("Hi", "customer", 900, 1100)]
    transcript = read({"transcript_detailed": [{"w": w, "sp": sp, "s": s, "e": e} for w, sp, s, e in words]})
    assert transcript.form == "Verint"
    assert said(transcript) == [("agent", "Good day", 0.01, 0.4), ("customer", "Hi", 0.9, 1.1)]


def test_verba_words_have_a_start_and_a_length() -> None:
    words = [("Good", "speaker1", 0.5, 0.25), ("day", "speaker1", 0.8, 0.2), ("Hi", "speaker2", 2.0, 0.5)]
    data = [{"word": w, "speaker": s, "time": t, "duration": d} for w, s, t, d in words]
    assert said(read(data)) == [("speaker1", "Good day", 0.5, 1.0), ("speaker2", "Hi", 2.0, 2.5)]
    assert said(read({"words": data})) == said(read(data))


def test_wavix_calls_speakers_by_their_number() -> None:
    transcript = read({"turns": [{"type": "+15550100", "text": "Hi", "s": 120, "e": 900}]})
    assert transcript.form == "Wavix"
    assert transcript.labels == {"+15550100": 1}
    assert said(transcript) == [("+15550100", "Hi", 0.12, 0.9)]


def test_tellq_inside_its_envelope() -> None:
    data = {"data": {"transcription": [{"speaker": "AGENT", "text": "Hi", "timestamp": "00:01"},
                                       {"speaker": "CLIENT", "text": "Yo", "timestamp": "00:04"}]}}  # fmt: skip
    transcript = read(data)
    assert transcript.form == "TellQ"
    assert [(role, start) for role, _, start, _ in said(transcript)] == [("agent", 1.0), ("customer", 4.0)]


def test_gong_puts_the_sentences_of_a_speaker_together() -> None:
    sentences = [
        {"start": 460, "end": 1500, "text": "Hi."},
        {"start": 1600, "end": 2500, "text": "It is me."},
    ]
    transcript = read(
        {"callTranscripts": [{"callId": "1", "transcript": [{"speakerId": "7", "sentences": sentences}]}]}
    )
    assert transcript.form == "Gong"
    assert said(transcript) == [("speaker 7", "Hi. It is me.", 0.46, 2.5)]


def test_conversations_with_two_ids_are_not_one_call() -> None:
    calls = [
        {"conversationId": name, "transcripts": [{"phrases": [phrase("Hi", "internal", 100)]}]}
        for name in "ab"
    ]
    assert "holds 2 conversations" in read(calls).findings[0].message
    calls[1]["conversationId"] = "a"
    assert [line.text for line in read(calls).lines] == ["Hi", "Hi"]


# --- speech services ---


def test_azure_batch_reads_ticks_and_sorts_channels_by_time() -> None:
    def recognised(channel: int, text: str, ticks: int) -> dict[str, Any]:
        return {
            "recognitionStatus": "Success",
            "channel": channel,
            "offset": "PT99S",
            "duration": "PT1S",
            "offsetInTicks": ticks,
            "durationInTicks": 5_000_000.0,
            "nBest": [{"display": text, "lexical": "not this"}, {"display": "nor this"}],
        }

    transcript = read(
        {
            "recognizedPhrases": [
                recognised(0, "One.", 7_600_000),
                recognised(0, "Three.", 90_000_000),
                recognised(1, "Two.", 40_000_000),
            ]
        }
    )
    assert transcript.form == "Azure batch transcription"
    assert said(transcript) == [
        ("channel 0", "One.", 0.76, 1.26),
        ("channel 1", "Two.", 4.0, 4.5),
        ("channel 0", "Three.", 9.0, 9.5),
    ]


def test_azure_batch_reads_iso_durations() -> None:
    data = {
        "recognizedPhrases": [
            {"speaker": 1, "offset": "PT1M0.76S", "duration": "PT2.5S", "nBest": [{"display": "Hi"}]}
        ]
    }
    assert said(read(data)) == [("speaker 1", "Hi", 60.76, 63.26)]


def test_azure_fast_transcription() -> None:
    data = {
        "combinedPhrases": [{"text": "Hi. Yo."}],
        "phrases": [
            {
                "speaker": 1,
                "channel": 0,
                "offsetMilliseconds": 80,
                "durationMilliseconds": 2160,
                "text": "Hi.",
            },
            {
                "speaker": 2,
                "channel": 0,
                "offsetMilliseconds": 2300,
                "durationMilliseconds": 100,
                "text": "Yo.",
            },
        ],
    }
    assert said(read(data)) == [("speaker 1", "Hi.", 0.08, 2.24), ("speaker 2", "Yo.", 2.3, 2.4)]


def test_azure_conversation_takes_times_from_its_words() -> None:
    item = {
        "participantId": "Agent",
        "text": "Hello there.",
        "audioTimings": [
            {"word": "hello", "offset": 4_000_000, "duration": 1_000_000},
            {"word": "there", "offset": 6_000_000, "duration": 2_500_000},
        ],
    }
    data = {"analysisInput": {"conversations": [{"conversationItems": [item]}]}}
    assert said(read(data)) == [("agent", "Hello there.", 0.4, 0.85)]


def test_azure_content_understanding() -> None:
    phrases = [{"speaker": "Speaker 1", "startTimeMs": 240, "endTimeMs": 1500, "text": "Hi"}]
    transcript = read({"result": {"contents": [{"markdown": "# Audio", "transcriptPhrases": phrases}]}})
    assert said(transcript) == [("speaker 1", "Hi", 0.24, 1.5)]


def test_deepgram_utterances_name_speakers_by_number() -> None:
    data = {
        "results": {
            "channels": [{"alternatives": [{"transcript": "Hi. Yo.", "words": []}]}],
            "utterances": [
                {"speaker": 0, "channel": 0, "start": 0.08, "end": 1.219999, "transcript": "Hi."},
                {"speaker": 1, "channel": 0, "start": 2.0, "end": 2.5, "transcript": "Yo."},
            ],
        }
    }
    transcript = read(data)
    assert transcript.labels == {"Speaker 0": 1, "Speaker 1": 1}
    assert said(transcript)[0] == ("speaker 0", "Hi.", 0.08, 1.219999)


def deepgram_word(text: str, start: float, **more: Any) -> dict[str, Any]:
    return {"word": text.lower(), "punctuated_word": text, "start": start, "end": start + 0.25, **more}


def test_deepgram_words_with_speakers() -> None:
    words = [
        deepgram_word("Hi,", 1.0, speaker=0),
        deepgram_word("Ann.", 1.5, speaker=0),
        deepgram_word("Yo.", 3.0, speaker=1),
    ]
    transcript = read({"results": {"channels": [{"alternatives": [{"transcript": "…", "words": words}]}]}})
    assert said(transcript) == [("speaker 0", "Hi, Ann.", 1.0, 1.75), ("speaker 1", "Yo.", 3.0, 3.25)]


def test_deepgram_channels_alternate_as_they_spoke() -> None:
    one, two = [deepgram_word("Hi.", 1.0), deepgram_word("Bye.", 9.0)], [deepgram_word("Yo.", 3.0)]
    channels = [{"alternatives": [{"transcript": "…", "words": words}]} for words in (one, two)]
    assert [(role, text) for role, text, _, _ in said(read({"results": {"channels": channels}}))] == [
        ("channel 0", "Hi."),
        ("channel 1", "Yo."),
        ("channel 0", "Bye."),
    ]


def test_deepgram_plain_text_has_no_speakers() -> None:
    transcript = read({"results": {"channels": [{"alternatives": [{"transcript": "Hi there."}]}]}})
    assert [line.text for line in transcript.lines] == ["Hi there."]
    assert "transcript-no-speakers" in codes(transcript)


def test_assemblyai_utterances_are_in_milliseconds() -> None:
    data = {
        "utterances": [{"speaker": "A", "text": "Hi.", "start": 250, "end": 650}],
        "words": [],
        "text": "Hi.",
    }
    assert said(read(data)) == [("a", "Hi.", 0.25, 0.65)]


def test_assemblyai_without_utterances_has_words_of_nobody() -> None:
    words = [{"text": text, "start": start, "end": start + 200, "speaker": "A"} for text, start in
             (("Hi", 100), ("there.", 320), ("My", 600), ("card.", 820))]  # fmt: skip
    transcript = read({"utterances": None, "text": "Hi there. My card.", "words": words})
    assert said(transcript) == [("", "Hi there.", 0.1, 0.52), ("", "My card.", 0.6, 1.02)]
    assert codes(transcript) == ["transcript-no-speakers"]
    assert [line.text for line in read({"utterances": None, "words": None, "text": "Hi there."}).lines] == [
        "Hi there."
    ]


def test_gladia_is_in_seconds() -> None:
    data = {"result": {"transcription": {"full_transcript": "Hi", "utterances": [
        {"text": "Hi", "start": 0.5, "end": 1.25, "speaker": 0, "channel": 0}]}}}  # fmt: skip
    assert read(data).form == "Gladia"
    assert said(read(data)) == [("speaker 0", "Hi", 0.5, 1.25)]


def test_whisper_names_nobody_and_openai_diarized_does() -> None:
    plain = {"text": " Hi.", "segments": [{"id": 0, "start": 0.12, "end": 7.62, "text": " Hi."}]}
    assert said(read(plain)) == [("", "Hi.", 0.12, 7.62)]
    assert codes(read(plain)) == ["transcript-no-speakers"]
    diarized = {"segments": [{"start": 0.0, "end": 1.0, "text": "Hi.", "speaker": "A"},
                             {"start": 1.5, "end": 2.0, "text": "Yo.", "speaker": "agent"}]}  # fmt: skip
    assert read(diarized).labels == {"A": 1, "agent": 1}
    assert [line.role for line in read(diarized).lines] == ["customer", "agent"]  # of two, the other one


def test_whisper_cpp_offsets() -> None:
    data = {
        "transcription": [
            {"timestamps": {"from": "00:00:00,000"}, "offsets": {"from": 0, "to": 7600}, "text": " Hi"}
        ]
    }
    assert said(read(data)) == [("", "Hi", 0.0, 7.6)]


def test_speechmatics_attaches_punctuation_and_knows_that_uu_is_nobody() -> None:
    def result(text: str, start: float, speaker: str, kind: str = "word") -> dict[str, Any]:
        return {"type": kind, "start_time": start, "end_time": start + 0.25,
                "alternatives": [{"content": text, "speaker": speaker}]}  # fmt: skip

    def document(first: str, second: str) -> dict[str, Any]:
        return {
            "format": "2.9",
            "results": [
                result("Hi", 1.0, first),
                result(".", 1.25, first, "punctuation"),
                result("Yo", 2.0, second),
            ],
        }

    assert said(read(document("S1", "S2"))) == [("s1", "Hi.", 1.0, 1.5), ("s2", "Yo", 2.0, 2.25)]
    nobody = read(document("UU", "UU"))
    assert [line.text for line in nobody.lines] == ["Hi.", "Yo"]
    assert codes(nobody) == ["transcript-no-speakers"]


def test_rev_elements_hold_their_own_spaces() -> None:
    elements = [
        {"type": "text", "value": "Hi", "ts": 0.75, "end_ts": 1.0},
        {"type": "punct", "value": ", "},
        {"type": "text", "value": "Ann", "ts": 1.1, "end_ts": 1.4},
        {"type": "punct", "value": "."},
    ]
    assert said(read({"monologues": [{"speaker": 0, "elements": elements}]})) == [
        ("speaker 0", "Hi, Ann.", 0.75, 1.4)
    ]


def test_google_speech_lists_all_words_again_with_their_speakers() -> None:
    words = [{"word": "Hi", "startTime": "1.100s", "endTime": "1.5s", "speakerTag": 1},
             {"word": "yo", "startTime": "2s", "endTime": "2.5s", "speakerTag": 2}]  # fmt: skip
    data = {"results": [{"alternatives": [{"transcript": "Hi yo"}]}, {"alternatives": [{"words": words}]}]}
    assert said(read(data)) == [("speaker 1", "Hi", 1.1, 1.5), ("speaker 2", "yo", 2.0, 2.5)]


# --- assistants ---


def test_vapi_with_comments_in_its_json() -> None:
    cell = """{
      "message": {
        "type": "end-of-call-report", "endedReason": "hangup",
        "call": { /* the call */ },
        "artifact": {
          "transcript": "AI: Hello? User: My card…", // not read twice
          "messages": [
            {"role": "system", "message": "You are helpful.", "secondsFromStart": 0},
            {"role": "bot", "message": "Hello?", "secondsFromStart": 1.25, "duration": 900},
            {"role": "user", "message": "My card.", "secondsFromStart": 3.5, "duration": 1000},
          ]
        }
      }
    }"""
    transcript = read(cell)
    assert transcript.form == "Vapi"
    assert said(transcript) == [("agent", "Hello?", 1.25, 2.15), ("customer", "My card.", 3.5, 4.5)]
    assert "not-spoken" in codes(transcript)
    assert "transcript-mended" in codes(transcript)


def test_a_dialogue_in_one_line_is_cut_before_its_labels() -> None:
    line = "AI: How can I help? User: My port: 8080 is closed. AI: I see."
    for cell in (line, json.dumps({"transcript": line, "endedReason": "hangup"})):
        transcript = read(cell)
        assert [(role, text) for role, text, _, _ in said(transcript)] == [
            ("agent", "How can I help?"),
            ("customer", "My port: 8080 is closed."),
            ("agent", "I see."),
        ]


def test_messages_of_an_assistant_with_tools() -> None:
    transcript = read(
        {
            "messages": [
                {"role": "assistant", "content": "Hello", "start": 0.5, "end": 1.5},
                {"role": "assistant", "content": None, "tool_calls": [{"name": "look_up"}]},
                {"role": "tool", "content": "card 7", "start": 2, "end": 2},
                {"role": "user", "content": [{"type": "text", "text": "Thanks"}], "start": 2.5, "end": 3.25},
            ]
        }
    )
    assert said(transcript) == [
        ("agent", "Hello", 0.5, 1.5),
        ("customer", "Thanks", 2.5, 3.25),
    ]


def test_user_is_the_customer_beside_an_assistant_and_never_against_the_analyst() -> None:
    messages = [{"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Hi"}]
    assert [line.role for line in read(messages).lines] == ["agent", "customer"]
    mapped = read(messages, roles={"user": "agent", "assistant": "customer"})
    assert [line.role for line in mapped.lines] == ["customer", "agent"]
    assert [
        line.role for line in read([{"role": "user", "text": "Hi"}, {"role": "customer", "text": "Yo"}]).lines
    ] == [
        "agent",
        "customer",
    ]


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("Retell AI", {"transcript_object": [{"role": "agent", "content": "Hello", "words": [{"start": 0.5, "end": 1.5}]},
                                             {"role": "user", "content": "Hi", "words": [{"start": 2.0, "end": 2.5}]}]}),
        ("ElevenLabs", {"transcript": [{"role": "agent", "message": "Hello", "time_in_call_secs": 0.5},
                                       {"role": "user", "message": "Hi", "time_in_call_secs": 2}]}),
        ("Bland AI", {"transcripts": [{"user": "assistant", "text": "Hello", "created_at": "2025-06-01T10:00:00Z"},
                                      {"user": "user", "text": "Hi", "created_at": "2025-06-01T10:00:01.5Z"}]}),
        ("Taskmaster dialogue", {"utterances": [{"index": 0, "speaker": "ASSISTANT", "text": "Hello"},
                                                {"index": 1, "speaker": "USER", "text": "Hi"}]}),
    ],
)  # fmt: skip
def test_other_assistants(form: str, data: dict[str, Any]) -> None:
    transcript = read(data)
    assert transcript.form == form
    assert [(line.role, line.text) for line in transcript.lines] == [("agent", "Hello"), ("customer", "Hi")]


# --- vCon ---


def vcon(*analysis: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "vcon": "0.0.2",
        "parties": [
            {"name": "Lou Park", "tel": "+15550100", "meta": {"role": "agent"}},
            {"name": "Oli Diaz", "role": "customer"},
        ],
        "dialog": [{"type": "recording", "start": "2025-06-01T10:00:00.5+02:00", "parties": [1, 0]}],
        "analysis": list(analysis),
        **more,
    }


def test_vcon_body_and_the_start_of_its_dialog() -> None:
    body = [{"speaker": "Agent", "message": "Hello"}, {"speaker": "Oli Diaz", "message": "Hi"}]
    transcript = read(
        vcon({"type": "transcript", "dialog": 0, "body": body}, {"type": "summary", "body": "A call."})
    )
    assert transcript.form == "vCon"
    assert [(line.role, line.text) for line in transcript.lines] == [("agent", "Hello"), ("customer", "Hi")]
    assert (transcript.started, transcript.started_naive) == (1748764800.5, False)


def test_vcon_bodies_of_two_dialogs_follow_one_another_in_any_encoding() -> None:
    later = {
        "type": "transcript",
        "dialog": 1,
        "encoding": "json",
        "body": json.dumps([{"speaker": "Agent", "text": "Again"}]),
    }
    first = {"type": "transcript", "dialog": 0, "encoding": "none", "body": "Agent: Hello\nCustomer: Hi"}
    transcript = read(vcon(later, first))
    assert [line.text for line in transcript.lines] == ["Hello", "Hi", "Again"]


def test_vcon_second_transcript_of_one_dialog_is_named_not_sent_twice() -> None:
    one = {"type": "transcript", "dialog": 0, "body": [{"speaker": "Agent", "text": "Hello"}]}
    transcript = read(vcon(one, {**one, "vendor": "other"}))
    assert [line.text for line in transcript.lines] == ["Hello"]
    assert "lines-left-out" in codes(transcript)
    assert "(by other)" in transcript.findings[0].message


def test_vcon_chat_messages_stand_in_the_dialog() -> None:
    messages = [
        {"type": "text", "start": "2025-06-01T10:00:00Z", "parties": [0, 1], "body": "Hello"},
        {"type": "text", "start": "2025-06-01T10:00:02.5Z", "parties": [0, 1], "originator": 1, "body": "Hi"},
    ]
    transcript = read(vcon(dialog=messages))
    assert [(role, text, start) for role, text, start, _ in said(transcript)] == [
        ("agent", "Hello", 0.0),
        ("customer", "Hi", 2.5),
    ]


# --- JSON that is not quite JSON, and data that is not one transcript ---

LENS = '{"Transcript": [{"ParticipantRole": "AGENT", "Content": "Hi", "BeginOffsetMillis": 0, "EndOffsetMillis": 500}]}'


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (LENS + "}", "'}' after its end"),
        (LENS + "\n}\n", "'}' after its end"),
        (LENS + " // done", "comments"),
        (LENS.replace("[", "[ // turns\n"), "comments"),
        (LENS.replace("[", "[ /* turns */"), "comments"),
    ],
)
def test_a_fault_in_the_json_is_read_over_and_named(cell: str, reason: str) -> None:
    transcript = read(cell)
    assert said(transcript) == [("agent", "Hi", 0.0, 0.5)]
    assert codes(transcript) == ["transcript-mended"]
    assert reason in transcript.findings[0].message


@pytest.mark.parametrize(
    "cell", [LENS.replace("}]", "},]"), LENS.replace('"', "'"), LENS.replace("500}", "500,}")]
)
def test_commas_too_many_and_other_quotes_hide_nothing_and_need_no_word(cell: str) -> None:
    transcript = read(cell)
    assert said(transcript) == [("agent", "Hi", 0.0, 0.5)]
    assert not transcript.findings


def test_an_address_in_a_text_is_no_comment() -> None:
    transcript = read(LENS.replace("Hi", "See https://cedarline.example/*").replace("}]", "},]"))
    assert transcript.lines[0].text == "See https://cedarline.example/*"
    assert not transcript.findings


def test_pythons_way_of_writing_rare_characters_and_none() -> None:
    transcript = read("[{'role': 'agent', 'text': '\\U0001f600', 'start': None}]", times="leave out")
    assert said(transcript) == [("agent", "\U0001f600", None, None)]


def test_a_mark_at_the_start_and_json_inside_a_string_are_opened() -> None:
    expected = said(read(LENS))
    assert said(read("\ufeff" + LENS)) == expected
    assert said(read(json.dumps(LENS))) == expected
    assert said(read({"id": 7, "payload": LENS})) == expected
    assert said(read(f"```json\n{LENS}\n```")) == expected


def test_text_behind_the_data_is_a_line_of_its_own() -> None:
    transcript = read(LENS + " and a remark")
    assert [line.text for line in transcript.lines] == ["Hi", "and a remark"]
    assert codes(transcript)[0] == "line-not-read"


def test_values_one_behind_the_other_are_one_call_unless_they_say_otherwise() -> None:
    for between in ("", "\n", ",\n"):
        assert [line.text for line in read(LENS + between + LENS).lines] == ["Hi", "Hi"]
    calls = [{**json.loads(LENS), "ContactId": name} for name in ("a", "b")]
    transcript = read(calls)
    assert transcript.form == "unreadable"
    assert "holds 2 conversations" in transcript.findings[0].message


def test_a_vendors_data_in_which_nobody_speaks_says_so() -> None:
    transcript = read({"transcripts": [{"phrases": []}]})
    assert transcript.form == "unreadable"
    assert "Genesys Cloud, and nobody speaks" in transcript.findings[0].message


def test_what_a_vendor_changed_is_kept_with_a_finding() -> None:
    data = json.loads(LENS)
    data["Transcript"] += [{"ParticipantRole": "AGENT", "Words": "new field"}, "loose"]
    transcript = read(data)
    assert '"Words":"new field"' in transcript.lines[1].text
    assert transcript.lines[2].text == "loose"
    assert [(f.code, f.line) for f in transcript.findings if f.code == "line-not-read"] == [
        ("line-not-read", 2),
        ("line-not-read", 3),
    ]


def test_a_time_that_is_none_is_named_and_the_line_kept() -> None:
    transcript = read(
        LENS.replace('"BeginOffsetMillis": 0', '"BeginOffsetMillis": "soon"'), times="leave out"
    )
    assert said(transcript) == [("agent", "Hi", None, 0.5)]
    assert [(f.code, f.field, f.line) for f in transcript.findings] == [("time-unreadable", "start", 1)]


def test_an_object_that_holds_its_transcript_as_text() -> None:
    transcript = read(
        {"StartTime": "2025-06-01 10:00:00", "Content": "Agent (Ben): Hi\nCustomer (Jo): Hello"}
    )
    assert [line.role for line in transcript.lines] == ["agent", "customer"]
    assert (transcript.started, transcript.started_naive) == (1748772000.0, True)


def test_times_of_day_in_a_plain_list_of_turns_give_the_start_of_the_call() -> None:
    transcript = read([{"speaker": "Agent", "text": "Hi", "time": "2025-06-01T10:00:00.250Z"}])
    assert transcript.form == "json"
    assert (transcript.lines[0].start, transcript.started) == (0.0, 1748772000.25)


def test_fields_of_lesser_vendors_are_understood_by_their_names() -> None:
    aircall = [{"start_time": 1.5, "end_time": 2.5, "text": "Hi", "participant_type": "internal", "user_id": 5},
               {"start_time": 3.5, "end_time": 4.5, "text": "Yo", "participant_type": "external"}]  # fmt: skip
    content = {"transcription": {"content": {"utterances": aircall}}}
    assert said(read(content)) == [("agent", "Hi", 1.5, 2.5), ("customer", "Yo", 3.5, 4.5)]
    twilio = {"sentences": [{"media_channel": 1, "start_time": 0.5, "end_time": 1.5, "transcript": "Hi"}]}
    assert said(read(twilio)) == [("media_channel 1", "Hi", 0.5, 1.5)]


def test_an_offset_with_its_unit_goes_before_a_start_of_another_clock() -> None:
    segment = {
        "speaker_role": "caller",
        "offset_ms": 3720,
        "start_ms": 1669,
        "duration_ms": 2670,
        "human_transcript": "hi",
    }
    assert said(read([segment])) == [("customer", "hi", 3.72, 6.39)]


def test_an_object_with_a_text_of_several_lines_and_no_speakers() -> None:
    transcript = read({"plainText": "Good morning.\nMy card is gone."})
    assert [line.text for line in transcript.lines] == ["Good morning.", "My card is gone."]
    assert "transcript-no-speakers" in codes(transcript)
