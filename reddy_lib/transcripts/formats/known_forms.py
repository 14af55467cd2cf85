"""The forms of transcripts that are read, each with a small example: what `docs/formats.md` shows and its test reads.

The readers do not use this list. A test compares it with the names that they give to what they have read.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["KNOWN_FORMS", "KnownForm"]

Group = Literal["Text", "Subtitles", "XML", "Data", "Vendors"]

_SAID = (("agent", "Hello, how can I help you?"), ("customer", "My bill is wrong."))
_OPEN = (("", "Hello, how can I help you?"), ("", "My bill is wrong."))


class KnownForm(NamedTuple):
    """One form of a transcript.

    Attributes:
        name: what it is called in the list; for vendors, the name that reading gives to it.
        example: a transcript of this form, in three lines or so.
        about: what marks it, in a few words.
        form: what `Transcript.form` says of it; "" where it is `name`.
        turns: (role, text) of each line that reading the example gives.
    """

    group: Group
    name: str
    example: str
    about: str = ""
    form: str = ""
    turns: tuple[tuple[str, str], ...] = _SAID


def _text(name: str, example: str, about: str = "", turns: tuple[tuple[str, str], ...] = _SAID) -> KnownForm:
    return KnownForm(
        "Text", name, example, about, "no speakers" if turns is _OPEN else "labelled text", turns
    )


def _data(name: str, example: str, about: str = "") -> KnownForm:
    return KnownForm("Data", name, example, about, "json")


def _vendor(name: str, example: str, about: str = "") -> KnownForm:
    return KnownForm("Vendors", name, example, about)


KNOWN_FORMS: tuple[KnownForm, ...] = (
    # text
    _text("Label and colon", "Agent: Hello, how can I help you?\nCustomer: My bill is wrong."),
    _text("Names", "Anna: Hello, how can I help you?\nTom: My bill is wrong.\nAnna: I will look.\nTom: Thanks.",
          "A column of agents' names or a greeting says which name is the agent's.",
          (*_SAID, ("agent", "I will look."), ("customer", "Thanks."))),
    _text("Time before the label", "[00:01] Agent: Hello, how can I help you?\n[00:04] Customer: My bill is wrong."),
    _text("Time after the label", "Agent (00:01): Hello, how can I help you?\nCustomer (00:04): My bill is wrong."),
    _text("Time after the words", "Agent: Hello, how can I help you? [00:01]\nCustomer: My bill is wrong. [00:04]"),
    _text("Label in brackets", "[Agent] Hello, how can I help you?\n[Customer] My bill is wrong."),
    _text("Label, time and dash", "[Agent] 00:00:01 – Hello, how can I help you?\n[Customer] 00:00:04 – My bill is wrong."),
    _text("Label and dash", "Agent - Hello, how can I help you?\nCustomer - My bill is wrong."),
    _text("Columns in a text", "00:01 | Agent | Hello, how can I help you?\n00:04 | Customer | My bill is wrong.",
          "Pipes, tabs and arrows."),
    _text("Label above the words", "Agent 00:01\nHello, how can I help you?\n\nCustomer 00:04\nMy bill is wrong."),
    _text("Several turns in a line", "Agent: Hello, how can I help you? Customer: My bill is wrong."),
    _text("Turns joined by a mark", "Agent: Hello, how can I help you? / Customer: My bill is wrong.",
          r"` / `, ` | `, ` || `, `;`, a written `\n` and others."),
    _text("Letters and numbers", "A: Hello, how can I help you?\nB: My bill is wrong.\nA: I will look.\nB: Thanks.",
          "The greeting says who the agent is; where it does not, the call is held and asks.",
          (*_SAID, ("agent", "I will look."), ("customer", "Thanks."))),
    _text("Markdown", "**Agent:** Hello, how can I help you?\n**Customer:** My bill is wrong."),
    _text("Words in quotes", 'Agent: "Hello, how can I help you?"\nCustomer: "My bill is wrong."'),
    _text("HTML", "<p><b>Agent</b>: Hello, how can I help you?</p><p><b>Customer</b>: My bill is wrong.</p>",
          "Paragraphs, line breaks and entities."),
    _text("Messages of a chat", "[06/05/2026, 10:00:01] Agent: Hello, how can I help you?\n[06/05/2026, 10:00:04] Customer: My bill is wrong."),
    _text("Clocks without speakers", "0:01\nHello, how can I help you?\n\n0:04\nMy bill is wrong.",
          "Held: each line needs a role.", _OPEN),
    KnownForm("Text", "Table in a cell", "Speaker,Text\nAgent,\"Hello, how can I help you?\"\nCustomer,My bill is wrong.",
              "Comma, semicolon, tab or pipe, below a row of names.", "table"),
    # subtitles
    KnownForm("Subtitles", "WebVTT",
              "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Agent>Hello, how can I help you?\n\n00:04.000 --> 00:06.000\n<v Customer>My bill is wrong.",
              "Speakers in voice tags, before a colon, or in the cue's identifier."),
    KnownForm("Subtitles", "SRT",
              "1\n00:00:01,000 --> 00:00:03,000\nAgent: Hello, how can I help you?\n\n2\n00:00:04,000 --> 00:00:06,000\nCustomer: My bill is wrong."),
    KnownForm("Subtitles", "SBV",
              "0:00:01.000,0:00:03.000\nAgent: Hello, how can I help you?\n\n0:00:04.000,0:00:06.000\nCustomer: My bill is wrong."),
    KnownForm("Subtitles", "ASS",
              "[Events]\nFormat: Start, End, Style, Name, Text\nDialogue: 0:00:01.00,0:00:03.00,Default,Agent,Hello, how can I help you?\nDialogue: 0:00:04.00,0:00:06.00,Default,Customer,My bill is wrong.",
              "Speakers in the column Name or Style, or before a colon."),
    # XML
    KnownForm("XML", "XML",
              '<call>\n<turn speaker="Agent" start="1">Hello, how can I help you?</turn>\n<turn speaker="Customer" start="4">My bill is wrong.</turn>\n</call>',
              "An element a turn, with attributes or elements for its speaker and its times."),
    KnownForm("XML", "TTML",
              '<tt><body><div>\n<p begin="1s" end="3s" agent="Agent">Hello, how can I help you?</p>\n<p begin="4s" end="6s" agent="Customer">My bill is wrong.</p>\n</div></body></tt>'),
    KnownForm("XML", "SSML",
              '<speak>\n<voice name="Agent">Hello, how can I help you?</voice>\n<voice name="Customer">My bill is wrong.</voice>\n</speak>'),
    # data
    _data("List of turns",
          '[{"role": "agent", "text": "Hello, how can I help you?", "start": 1, "stop": 3},\n {"role": "customer", "text": "My bill is wrong.", "start": 4, "stop": 6}]',
          "Reddy's own form. The keys may have other names, also in other languages."),
    _data("Object around the turns",
          '{"call_id": "c1", "duration": 6, "messages": [\n  {"from": "Agent", "message": "Hello, how can I help you?"},\n  {"from": "Customer", "message": "My bill is wrong."}]}'),
    _data("Pairs", '[["agent", "Hello, how can I help you?"],\n ["customer", "My bill is wrong."]]'),
    _data("One object a line",
          '{"speaker": "agent", "text": "Hello, how can I help you?"}\n{"speaker": "customer", "text": "My bill is wrong."}'),
    _data("Objects for the speakers",
          '[{"speaker": {"name": "Anna", "role": "agent"}, "text": "Hello, how can I help you?"},\n {"speaker": {"name": "Tom", "role": "customer"}, "text": "My bill is wrong."}]'),
    _data("Flags for the speakers",
          '[{"is_agent": true, "text": "Hello, how can I help you?"},\n {"is_agent": false, "text": "My bill is wrong."}]'),
    _data("People in a list of their own",
          '{"participants": [{"id": 7, "role": "agent", "name": "Anna"}, {"id": 8, "role": "customer", "name": "Tom"}],\n "turns": [{"speaker_id": 7, "text": "Hello, how can I help you?"}, {"speaker_id": 8, "text": "My bill is wrong."}]}'),
    _data("Channels beside one another",
          '{"channels": [\n  {"channel": "agent", "segments": [{"text": "Hello, how can I help you?", "start": 1, "end": 3}]},\n  {"channel": "customer", "segments": [{"text": "My bill is wrong.", "start": 4, "end": 6}]}]}'),
    _data("A list a side",
          '{"agent": [{"text": "Hello, how can I help you?", "start": 1}],\n "customer": [{"text": "My bill is wrong.", "start": 4}]}'),
    _data("A list a column",
          '{"speaker": ["agent", "customer"],\n "text": ["Hello, how can I help you?", "My bill is wrong."]}'),
    _data("Results that grow",
          '[{"role": "agent", "text": "Hello", "start": 1, "stop": 2, "is_final": false},\n {"role": "agent", "text": "Hello, how can I help you?", "start": 1, "stop": 3, "is_final": true},\n {"role": "customer", "text": "My bill is wrong.", "start": 4, "stop": 6, "is_final": true}]',
          "Only the last result of each utterance is speech."),
    _data("DynamoDB",
          '{"L": [{"M": {"role": {"S": "agent"}, "text": {"S": "Hello, how can I help you?"}}},\n {"M": {"role": {"S": "customer"}, "text": {"S": "My bill is wrong."}}}]}'),
    _data("Python", "[{'role': 'agent', 'text': 'Hello, how can I help you?'},\n {'role': 'customer', 'text': 'My bill is wrong.'}]"),
    _data("NumPy", "array([{'role': 'agent', 'text': 'Hello, how can I help you?'},\n       {'role': 'customer', 'text': 'My bill is wrong.'}], dtype=object)"),
    _data("Spark", "[Row(role='agent', text='Hello, how can I help you?'), Row(role='customer', text='My bill is wrong.')]"),
    _data("JSON in a text",
          '"[{\\"role\\": \\"agent\\", \\"text\\": \\"Hello, how can I help you?\\"}, {\\"role\\": \\"customer\\", \\"text\\": \\"My bill is wrong.\\"}]"'),
    _data("Markdown fence",
          '```json\n[{"role": "agent", "text": "Hello, how can I help you?"}, {"role": "customer", "text": "My bill is wrong."}]\n```'),
    # vendors
    _vendor("Amazon Connect Contact Lens",
            '{"Transcript": [\n  {"ParticipantId": "AGENT", "Content": "Hello, how can I help you?", "BeginOffsetMillis": 1000, "EndOffsetMillis": 3000},\n  {"ParticipantId": "CUSTOMER", "Content": "My bill is wrong.", "BeginOffsetMillis": 4000, "EndOffsetMillis": 6000}]}'),
    _vendor("Amazon Connect Contact Lens (real time)",
            '{"Segments": [\n  {"Transcript": {"Id": "1", "ParticipantRole": "AGENT", "Content": "Hello, how can I help you?", "BeginOffsetMillis": 1000, "EndOffsetMillis": 3000}},\n  {"Transcript": {"Id": "2", "ParticipantRole": "CUSTOMER", "Content": "My bill is wrong.", "BeginOffsetMillis": 4000, "EndOffsetMillis": 6000}}]}'),
    _vendor("Amazon Transcribe Call Analytics",
            '{"JobStatus": "COMPLETED", "Transcript": [\n  {"ParticipantRole": "AGENT", "Content": "Hello, how can I help you?", "BeginOffsetMillis": 1000, "EndOffsetMillis": 3000},\n  {"ParticipantRole": "CUSTOMER", "Content": "My bill is wrong.", "BeginOffsetMillis": 4000, "EndOffsetMillis": 6000}]}'),
    _vendor("Amazon Post Call Analytics",
            '{"ConversationAnalytics": {"SpeakerLabels": [{"Speaker": "spk_0", "DisplayText": "Agent"}, {"Speaker": "spk_1", "DisplayText": "Customer"}]},\n "SpeechSegments": [{"SegmentSpeaker": "spk_0", "DisplayText": "Hello, how can I help you?", "SegmentStartTime": 1, "SegmentEndTime": 3},\n  {"SegmentSpeaker": "spk_1", "DisplayText": "My bill is wrong.", "SegmentStartTime": 4, "SegmentEndTime": 6}]}'),
    _vendor("Amazon Transcribe",
            '{"results": {"audio_segments": [\n  {"speaker_label": "spk_0", "transcript": "Hello, how can I help you?", "start_time": "1.0", "end_time": "3.0"},\n  {"speaker_label": "spk_1", "transcript": "My bill is wrong.", "start_time": "4.0", "end_time": "6.0"}]}}',
            "Words with their speakers as well, in `items`."),
    _vendor("AssemblyAI",
            '{"utterances": [\n  {"speaker": "A", "text": "Hello, how can I help you?", "start": 1000, "end": 3000},\n  {"speaker": "B", "text": "My bill is wrong.", "start": 4000, "end": 6000}]}'),
    _vendor("Azure batch transcription",
            '{"recognizedPhrases": [\n  {"channel": 0, "speaker": 1, "offset": "PT1S", "duration": "PT2S", "nBest": [{"display": "Hello, how can I help you?"}]},\n  {"channel": 0, "speaker": 2, "offset": "PT4S", "duration": "PT2S", "nBest": [{"display": "My bill is wrong."}]}]}'),
    _vendor("Azure fast transcription",
            '{"phrases": [\n  {"speaker": 1, "offsetMilliseconds": 1000, "durationMilliseconds": 2000, "text": "Hello, how can I help you?"},\n  {"speaker": 2, "offsetMilliseconds": 4000, "durationMilliseconds": 2000, "text": "My bill is wrong."}]}'),
    _vendor("Azure Content Understanding",
            '{"transcriptPhrases": [\n  {"speaker": "Speaker 1", "startTimeMs": 1000, "endTimeMs": 3000, "text": "Hello, how can I help you?"},\n  {"speaker": "Speaker 2", "startTimeMs": 4000, "endTimeMs": 6000, "text": "My bill is wrong."}]}'),
    _vendor("Azure conversation",
            '{"conversations": [{"conversationItems": [\n  {"participantId": "agent_1", "role": "Agent", "text": "Hello, how can I help you?"},\n  {"participantId": "customer_1", "role": "Customer", "text": "My bill is wrong."}]}]}'),
    _vendor("Bland AI",
            '{"transcripts": [\n  {"user": "assistant", "text": "Hello, how can I help you?", "created_at": "2026-05-06T10:00:01Z"},\n  {"user": "user", "text": "My bill is wrong.", "created_at": "2026-05-06T10:00:04Z"}]}'),
    _vendor("Deepgram",
            '{"results": {"utterances": [\n  {"speaker": 0, "transcript": "Hello, how can I help you?", "start": 1.0, "end": 3.0},\n  {"speaker": 1, "transcript": "My bill is wrong.", "start": 4.0, "end": 6.0}]}}',
            "Words and paragraphs of `channels` as well."),
    _vendor("ElevenLabs",
            '{"transcript": [\n  {"role": "agent", "message": "Hello, how can I help you?", "time_in_call_secs": 1},\n  {"role": "user", "message": "My bill is wrong.", "time_in_call_secs": 4}]}'),
    _vendor("Genesys Cloud",
            '{"conversationId": "c1", "transcripts": [{"phrases": [\n  {"participantPurpose": "internal", "text": "Hello, how can I help you?", "startTimeMs": 1000, "duration": {"milliseconds": 2000}},\n  {"participantPurpose": "external", "text": "My bill is wrong.", "startTimeMs": 4000, "duration": {"milliseconds": 2000}}]}]}'),
    _vendor("Gladia",
            '{"full_transcript": "Hello, how can I help you? My bill is wrong.", "utterances": [\n  {"speaker": 0, "text": "Hello, how can I help you?", "start": 1.0, "end": 3.0},\n  {"speaker": 1, "text": "My bill is wrong.", "start": 4.0, "end": 6.0}]}'),
    _vendor("Gong",
            '{"transcript": [\n  {"speakerId": "6401", "sentences": [{"start": 1000, "end": 3000, "text": "Hello, how can I help you?"}]},\n  {"speakerId": "6402", "sentences": [{"start": 4000, "end": 6000, "text": "My bill is wrong."}]}]}',
            "The list of parties says who is internal."),
    _vendor("Google CCAI conversation",
            '{"entries": [\n  {"role": "AGENT", "user_id": 1, "text": "Hello, how can I help you?", "start_timestamp_usec": 1000000},\n  {"role": "CUSTOMER", "user_id": 2, "text": "My bill is wrong.", "start_timestamp_usec": 4000000}]}'),
    _vendor("Google CCAI Insights",
            '{"transcriptSegments": [\n  {"text": "Hello, how can I help you?", "segmentParticipant": {"role": "HUMAN_AGENT"}, "channelTag": 1},\n  {"text": "My bill is wrong.", "segmentParticipant": {"role": "END_USER"}, "channelTag": 2}]}'),
    _vendor("Google Meet",
            '{"participants": [{"name": "p/1", "signedinUser": {"displayName": "Agent"}}, {"name": "p/2", "phoneUser": {"displayName": "Customer"}}],\n "transcriptEntries": [{"participant": "p/1", "text": "Hello, how can I help you?", "startTime": "2026-05-06T10:00:01Z", "endTime": "2026-05-06T10:00:03Z"},\n  {"participant": "p/2", "text": "My bill is wrong.", "startTime": "2026-05-06T10:00:04Z", "endTime": "2026-05-06T10:00:06Z"}]}'),
    _vendor("Google Speech-to-Text",
            '{"results": [\n  {"channelTag": 1, "alternatives": [{"transcript": "Hello, how can I help you?"}]},\n  {"channelTag": 2, "alternatives": [{"transcript": "My bill is wrong."}]}]}'),
    _vendor("OpenAI diarized transcription",
            '{"segments": [\n  {"speaker": "agent", "text": "Hello, how can I help you?", "start": 1.0, "end": 3.0},\n  {"speaker": "customer", "text": "My bill is wrong.", "start": 4.0, "end": 6.0}]}'),
    _vendor("Retell AI",
            '{"transcript_object": [\n  {"role": "agent", "content": "Hello, how can I help you?", "words": [{"word": "Hello,", "start": 1.0, "end": 1.4}]},\n  {"role": "user", "content": "My bill is wrong.", "words": [{"word": "My", "start": 4.0, "end": 4.2}]}]}'),
    _vendor("Rev AI",
            '{"monologues": [\n  {"speaker": 0, "elements": [{"type": "text", "value": "Hello, how can I help you?", "ts": 1.0, "end_ts": 3.0}]},\n  {"speaker": 1, "elements": [{"type": "text", "value": "My bill is wrong.", "ts": 4.0, "end_ts": 6.0}]}]}'),
    _vendor("Speechmatics",
            '{"results": [\n  {"type": "word", "start_time": 1, "end_time": 3, "alternatives": [{"content": "Hello, how can I help you?", "speaker": "S1"}]},\n  {"type": "word", "start_time": 4, "end_time": 6, "alternatives": [{"content": "My bill is wrong.", "speaker": "S2"}]}]}'),
    _vendor("Taskmaster dialogue",
            '{"conversation_id": "d1", "utterances": [\n  {"index": 0, "speaker": "ASSISTANT", "text": "Hello, how can I help you?"},\n  {"index": 1, "speaker": "USER", "text": "My bill is wrong."}]}'),
    _vendor("TellQ",
            '{"transcription": [\n  {"speaker": "agent", "text": "Hello, how can I help you?", "timestamp": "00:00:01"},\n  {"speaker": "customer", "text": "My bill is wrong.", "timestamp": "00:00:04"}]}'),
    _vendor("Vapi",
            '{"artifact": {"messages": [\n  {"role": "bot", "message": "Hello, how can I help you?", "secondsFromStart": 1},\n  {"role": "user", "message": "My bill is wrong.", "secondsFromStart": 4}]}}'),
    _vendor("vCon",
            '{"vcon": "0.0.1", "parties": [{"name": "Anna", "role": "agent"}, {"name": "Tom", "role": "customer"}],\n "dialog": [{"type": "text", "parties": 0, "start": "2026-05-06T10:00:01Z", "body": "Hello, how can I help you?"},\n  {"type": "text", "parties": 1, "start": "2026-05-06T10:00:04Z", "body": "My bill is wrong."}]}',
            "Transcripts in its analyses as well, in any of the forms of this page."),
    _vendor("Verba",
            '{"words": [\n  {"word": "Hello, how can I help you?", "speaker": "Agent", "time": 1, "duration": 2},\n  {"word": "My bill is wrong.", "speaker": "Customer", "time": 4, "duration": 2}]}'),
    _vendor("Verint",
            '{"transcriptDetailed": [\n  {"w": "Hello, how can I help you?", "sp": "Agent", "s": 1000, "e": 3000},\n  {"w": "My bill is wrong.", "sp": "Customer", "s": 4000, "e": 6000}]}'),
    _vendor("voice assistant messages",
            '{"messages": [\n  {"role": "system", "content": "You answer questions about bills."},\n  {"role": "assistant", "content": "Hello, how can I help you?"}, {"role": "user", "content": "My bill is wrong."}]}',
            "Instructions and calls of functions are no speech."),
    _vendor("voice assistant transcript", "AI: Hello, how can I help you? User: My bill is wrong."),
    _vendor("Wavix",
            '{"turns": [\n  {"type": "Agent", "text": "Hello, how can I help you?", "s": 1000, "e": 3000},\n  {"type": "Customer", "text": "My bill is wrong.", "s": 4000, "e": 6000}]}'),
    _vendor("Whisper",
            '{"text": "Hello, how can I help you? My bill is wrong.", "segments": [\n  {"text": "Hello, how can I help you?", "start": 1.0, "end": 3.0},\n  {"text": "My bill is wrong.", "start": 4.0, "end": 6.0}]}',
            "It does not tell the speakers apart, so the call is held until they have roles.")._replace(turns=_OPEN),
    _vendor("whisper.cpp",
            '{"transcription": [\n  {"speaker": "0", "text": "Hello, how can I help you?", "offsets": {"from": 1000, "to": 3000}},\n  {"speaker": "1", "text": "My bill is wrong.", "offsets": {"from": 4000, "to": 6000}}]}'),
)  # fmt: skip
