"""Vendors' transcripts, over generated, mutated and real data: no word is lost, and nothing breaks the reader."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reddy_lib.transcripts import Transcript, read_transcript

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

Turns = list[tuple[str, list[str]]]


def letters(text: str) -> str:
    """Text without spaces: what has to arrive, however a source cuts it up."""
    return "".join(text.split())


def spoken(transcript: Transcript) -> str:
    return letters("".join(line.text for line in transcript.lines))


# --- one builder a format: the same turns, as that vendor would write them ---


def contact_lens(turns: Turns) -> Any:
    people = [{"ParticipantId": who, "ParticipantRole": who.upper()} for who in ("agent", "customer")]
    return {
        "Participants": people,
        "Transcript": [
            {"ParticipantId": who, "Content": " ".join(words), "BeginOffsetMillis": n * 1000,
             "EndOffsetMillis": n * 1000 + 500}
            for n, (who, words) in enumerate(turns)
        ],
    }  # fmt: skip


def real_time(turns: Turns) -> Any:
    return {"Segments": [{"Transcript": {**turn, "ParticipantRole": turn["ParticipantId"].upper()}}
                         for turn in contact_lens(turns)["Transcript"]]}  # fmt: skip


def transcribe(turns: Turns) -> Any:
    items: list[dict[str, Any]] = []
    for n, (who, words) in enumerate(turns):
        for m, word in enumerate(words):
            start = n * 100 + m
            items.append({"type": "pronunciation", "alternatives": [{"content": word}], "speaker_label": who,
                          "start_time": f"{start}.1", "end_time": f"{start}.9"})  # fmt: skip
        items.append({"type": "punctuation", "alternatives": [{"content": "."}]})
    return {"results": {"items": items}}


def pca(turns: Turns) -> Any:
    return {"SpeechSegments": [{"SegmentSpeaker": who, "DisplayText": " ".join(words), "SegmentStartTime": n,
                                "SegmentEndTime": n + 0.5} for n, (who, words) in enumerate(turns)]}  # fmt: skip


def genesys(turns: Turns) -> Any:
    sides = {"agent": "internal", "customer": "external"}
    phrases = [{"participantPurpose": sides[who], "text": " ".join(words), "startTimeMs": 1_748_772_000_000 + n * 1000}
               for n, (who, words) in enumerate(turns)]  # fmt: skip
    half = len(phrases) // 2
    return {"transcripts": [{"phrases": phrases[:half]}, {"phrases": phrases[half:]}]}


def google(turns: Turns) -> Any:
    return {"entries": [{"role": who.upper(), "user_id": 1, "text": " ".join(words),
                         "start_timestamp_usec": 1_748_772_000_000_000 + n}
                        for n, (who, words) in enumerate(turns)]}  # fmt: skip


def verint(turns: Turns) -> Any:
    return {"transcript_detailed": [{"w": word, "sp": who, "s": n * 1000, "e": n * 1000 + 9}
                                    for n, (who, words) in enumerate(turns) for word in words]}  # fmt: skip


def azure_batch(turns: Turns) -> Any:
    return {"recognizedPhrases": [{"speaker": who, "offset": f"PT{n}S", "duration": "PT0.5S",
                                   "nBest": [{"display": " ".join(words)}]}
                                  for n, (who, words) in enumerate(turns)]}  # fmt: skip


def azure_fast(turns: Turns) -> Any:
    return {"phrases": [{"speaker": who, "offsetMilliseconds": n * 1000, "durationMilliseconds": 500,
                         "text": " ".join(words)}
                        for n, (who, words) in enumerate(turns)]}  # fmt: skip


def deepgram(turns: Turns) -> Any:
    words = [{"word": word, "punctuated_word": word, "start": n * 100.0 + m, "end": n * 100 + m + 0.5, "speaker": who}
             for n, (who, words) in enumerate(turns) for m, word in enumerate(words)]  # fmt: skip
    return {"results": {"channels": [{"alternatives": [{"words": words}]}]}}


def deepgram_channels(turns: Turns) -> Any:
    words = deepgram(turns)["results"]["channels"][0]["alternatives"][0]["words"]
    sides = [[word for word in words if word["speaker"] == who] for who in ("agent", "customer")]
    for word in words:
        del word["speaker"]
    return {"results": {"channels": [{"alternatives": [{"words": side}]} for side in sides]}}


def assemblyai(turns: Turns) -> Any:
    return {"words": [], "utterances": [{"speaker": who, "text": " ".join(words), "start": n * 1000, "end": n * 1000 + 500}
                                        for n, (who, words) in enumerate(turns)]}  # fmt: skip


def diarized(turns: Turns) -> Any:
    return {"segments": [{"speaker": who, "text": " ".join(words), "start": n * 1.0, "end": n + 0.5}
                         for n, (who, words) in enumerate(turns)]}  # fmt: skip


def speechmatics(turns: Turns) -> Any:
    return {"results": [{"type": "word", "alternatives": [{"content": word, "speaker": who}], "start_time": n * 100 + m,
                         "end_time": n * 100 + m + 0.5}
                        for n, (who, words) in enumerate(turns) for m, word in enumerate(words)]}  # fmt: skip


def rev(turns: Turns) -> Any:
    return {"monologues": [{"speaker": who, "elements": [{"type": "text", "value": " ".join(words), "ts": n,
                                                           "end_ts": n + 1}]}
                           for n, (who, words) in enumerate(turns)]}  # fmt: skip


def messages(turns: Turns) -> Any:
    sides = {"agent": "assistant", "customer": "user"}
    first = {"role": "assistant", "content": "x"}
    return {"messages": [first, *({"role": sides[who], "content": " ".join(words)} for who, words in turns)]}


def vcon(turns: Turns) -> Any:
    body = [{"speaker": who, "message": " ".join(words)} for who, words in turns]
    return {"parties": [{"name": "x"}], "analysis": [{"type": "transcript", "dialog": 0, "body": body}]}


BUILDERS: list[Callable[[Turns], Any]] = [
    contact_lens, real_time, transcribe, pca, genesys, google, verint, azure_batch, azure_fast, deepgram,
    deepgram_channels, assemblyai, diarized, speechmatics, rev, messages, vcon,
]  # fmt: skip
WORDS = st.lists(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8), min_size=1, max_size=6
)
TURNS = st.lists(st.tuples(st.sampled_from(["agent", "customer"]), WORDS), min_size=1, max_size=8)
ADDED = {transcribe: ".", messages: "x"}
"""What a builder says on its own, besides the turns."""


@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
@given(turns=TURNS)
@settings(max_examples=20, deadline=None)
def test_every_word_arrives_at_its_speaker(build: Callable[[Turns], Any], turns: Turns) -> None:
    transcript = read_transcript(json.dumps(build(turns)))
    assert transcript.form not in ("json", "unreadable", "no speakers")
    added = ADDED.get(build, "")
    for who in ("agent", "customer"):
        wanted = letters("".join("".join(words) for speaker, words in turns if speaker == who))
        labels = {"deepgram_channels": {"agent": ["channel 0"], "customer": ["channel 1"]}}.get(
            build.__name__, {}
        )
        heard = letters(
            "".join(line.text for line in transcript.lines if line.role in [who, *labels.get(who, [])])
        )
        if build is deepgram_channels and len({speaker for speaker, _ in turns}) == 1:
            heard = spoken(transcript) if wanted else ""
        assert heard.replace(added, "") == wanted.replace(added, "")


# --- mutations ---

JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just([]), st.just({}),
    st.just([{}]), st.just({"a": [1]}), st.just("P1D"), st.just("2025-06-01T10:00:00Z"), st.just(1e308), st.just(10**30),
)  # fmt: skip


def places(data: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of nested data."""
    found: list[tuple[Any, Any]] = []
    for key in list(data) if isinstance(data, dict) else range(len(data)):
        found.append((data, key))
        if isinstance(data[key], dict | list):
            found += places(data[key])
    return found


def mutated(data: Any, draw: Any) -> Any:
    changed = copy.deepcopy(data)
    for _ in range(draw(st.integers(1, 4))):
        every = places(changed)
        if not every:
            break
        container, key = draw(st.sampled_from(every))
        action = draw(st.sampled_from(["replace", "delete", "rename", "double"]))
        if action == "replace":
            container[key] = copy.deepcopy(draw(JUNK))
        elif action == "delete":
            del container[key]
        elif action == "rename" and isinstance(container, dict):
            container[draw(st.sampled_from(["text", "Content", "speaker", "start", "x"]))] = container.pop(
                key
            )
        elif action == "double" and isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
    return changed


def sound(transcript: Transcript) -> None:
    """What holds for any input: lines or a word why there are none, and findings that point at lines."""
    assert transcript.lines or transcript.form == "empty"
    for finding in transcript.findings:
        assert finding.line is None or 1 <= finding.line <= len(transcript.lines)
        assert finding.message.strip()
    for line in transcript.lines:
        assert isinstance(line.text, str)
        assert all(time is None or time == time for time in (line.start, line.stop))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_change_of_structure_breaks_a_reader(data: st.DataObject) -> None:
    build = data.draw(st.sampled_from(BUILDERS))
    changed = mutated(
        build([("agent", ["Hello", "there"]), ("customer", ["Hi"]), ("agent", ["Bye"])]), data.draw
    )
    sound(read_transcript(changed if changed else None))
    sound(read_transcript(json.dumps(changed)))


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_change_of_characters_breaks_a_reader(data: st.DataObject) -> None:
    build = data.draw(st.sampled_from(BUILDERS))
    text = json.dumps(build([("agent", ["Hello"]), ("customer", ["Hi"])]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 5))
        text = (
            text[:at]
            + data.draw(st.text(alphabet='{}[]",:/*\\ \n0e-x\ud800\0', max_size=3))
            + text[at + cut :]
        )
    transcript = read_transcript(text)
    assert transcript.lines or transcript.form == "empty" or not text.strip()


# --- real files ---

FOLDER = SHARED / "vendor_samples"
EXPECTED: dict[str, Any] = (
    json.loads((FOLDER / "expected.json").read_text())["files"]
    if (FOLDER / "expected.json").exists()
    else {"": {}}
)
WHERE: dict[str, Callable[[Any], list[str]]] = {
    "aws_transcribe_call_analytics.json": lambda d: [turn["Content"] for turn in d["Transcript"]],
    "amazon_connect_contact_lens_voice.json": lambda d: [turn["Content"] for turn in d["Transcript"]],
    "aws_transcribe_diarization.json": lambda d: [d["results"]["transcripts"][0]["transcript"]],
    "google_ccai_insights.json": lambda d: [entry["text"] for entry in d["entries"]],
    "azure_conversation_analysis_input.json": lambda d: [
        item["text"] for item in d["analysisInput"]["conversations"][0]["conversationItems"]
    ],
    "azure_fast_transcription.json": lambda d: [phrase["text"] for phrase in d["phrases"]],
    "deepgram_utterances.json": lambda d: [item["transcript"] for item in d["results"]["utterances"]],
    "deepgram_diarized_words.json": lambda d: [d["results"]["channels"][0]["alternatives"][0]["transcript"]],
    "assemblyai_no_speakers.json": lambda d: [d["text"]],
    "whisper_timestamped.json": lambda d: [segment["text"] for segment in d["segments"]],
    "speechmatics_json_v2.json": lambda d: [item["alternatives"][0]["content"] for item in d["results"]],
    "taskmaster1_sample.json": lambda d: [item["text"] for item in d["utterances"]],
}
"""Where the spoken text of a real file stands, written down apart from the readers."""
UNMAPPED = ("deepgram_diarized_words.json",)
"""Files whose speakers are numbers and say nothing of their sides: labels are kept as they are."""


def real(name: str) -> str:
    path = FOLDER / (name or "absent")
    if not path.exists():
        pytest.skip("the shared data is not here")
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(WHERE))
def test_every_character_that_was_spoken_in_a_real_file_arrives(name: str) -> None:
    text = real(name)
    assert spoken(read_transcript(text)) == letters("".join(WHERE[name](json.loads(text))))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_what_is_known_of_a_real_file_is_found(name: str) -> None:
    expected = EXPECTED[name]
    transcript = read_transcript(real(name))
    if "recoverable_as" in expected:
        assert transcript.lines == read_transcript(real(expected["recoverable_as"])).lines
        assert [finding.code for finding in transcript.findings] == ["transcript-mended"]
        return
    nobody = set(expected["by_speaker"]) == {"None"}
    labels = {label.removeprefix("Speaker "): count for label, count in transcript.labels.items()}
    if nobody:
        assert transcript.labels == {}
        assert "transcript-no-speakers" in [finding.code for finding in transcript.findings]
        assert {line.role for line in transcript.lines} == {""}
    else:
        assert labels == expected["by_speaker"]
        assert len(transcript.lines) == expected["n_utterances"]
        for line in transcript.lines:
            if name in UNMAPPED:
                assert line.role in [label.casefold() for label in transcript.labels]
            else:
                assert line.role in ("agent", "customer")
    timed = expected["first"]["start"] is not None
    first, last = transcript.lines[0], transcript.lines[-1]
    if timed:
        assert first.start == pytest.approx(expected["first"]["start"], abs=1e-6)
        if expected["last"]["stop"] is not None:
            assert last.stop == pytest.approx(expected["last"]["stop"], abs=1e-6)
    if nobody and "word_level_only" in expected:
        assert " ".join(line.text for line in transcript.lines) == expected["text_by_speaker"]["None"]
        return
    for place, line in (("first", first), ("last", last)):
        assert line.text == expected[place]["text"]
        if not nobody and name not in UNMAPPED:
            label = str(expected[place]["speaker"])
            assert line.role == expected["role_map"][label]
    middle = expected["middle"]
    assert any(
        line.text == middle["text"] and (not timed or line.start == pytest.approx(middle["start"], abs=1e-6))
        for line in transcript.lines
    )


@pytest.mark.parametrize("name", ["aws_transcribe_diarization.json", "azure_fast_transcription.json"])
def test_numbered_speakers_of_a_real_file_get_the_roles_that_their_words_tell_and_no_others(
    name: str,
) -> None:
    text = real(name)
    expected = EXPECTED[name]
    guessed = read_transcript(text)
    assert {line.role for line in guessed.lines} == {"agent", "customer"}
    assert [item.code for item in guessed.findings] == ["role-from-greeting"]
    roles = {
        (f"Speaker {label}" if label.isdigit() else label): role
        for label, role in expected["role_map"].items()
    }
    transcript = read_transcript(text, roles=roles)
    counts = Counter(line.role for line in transcript.lines)
    assert counts == {role: expected["by_speaker"][label] for label, role in expected["role_map"].items()}
    for place, line in (("first", transcript.lines[0]), ("last", transcript.lines[-1])):
        told = expected[place]
        assert (line.role, line.text) == (expected["role_map"][str(told["speaker"])], told["text"])


def test_the_documented_report_of_a_voice_assistant() -> None:
    transcript = read_transcript(real("vapi_end_of_call_report.jsonc"))
    assert transcript.form == "Vapi"
    assert [(line.role, line.text) for line in transcript.lines] == [
        ("agent", "How can I help?"),
        ("customer", "What's the weather?"),
    ]


@pytest.mark.parametrize(
    "path", sorted((SHARED / "vcon" / "vcons").glob("*.json")), ids=lambda path: path.name[:8]
)
def test_a_real_vcon_arrives_whole(path: Path) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    bodies = [item["body"] for item in data["analysis"] if item["type"] == "transcript"]
    transcript = read_transcript(path.read_text(encoding="utf-8"))
    assert transcript.form == "vCon"
    assert [line.text for line in transcript.lines] == [
        turn["message"].strip() for body in bodies for turn in body
    ]
    assert {line.role for line in transcript.lines} == {"agent", "customer"}
    assert transcript.started_naive


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_no_change_to_a_real_file_breaks_a_reader(data: st.DataObject) -> None:
    names = [name for name in sorted(WHERE) if (FOLDER / name).exists()]
    if not names:
        pytest.skip("the shared data is not here")
    text = (FOLDER / data.draw(st.sampled_from(names))).read_text(encoding="utf-8")[:6000]
    at = data.draw(st.integers(0, len(text)))
    changed = text[:at] + data.draw(st.text(max_size=4)) + text[at + data.draw(st.integers(0, 40)) :]
    sound(read_transcript(changed))
