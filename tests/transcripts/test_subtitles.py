"""Subtitles: every cue's words, times and speaker arrive, however the file bends the format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reddy_lib.model import TranscriptLine
from reddy_lib.transcripts import Transcript, read_transcript

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def codes(transcript: Transcript) -> list[str]:
    return [finding.code for finding in transcript.findings]


def said(transcript: Transcript) -> list[tuple[str, str, float | None, float | None]]:
    return [(line.role, line.text, line.start, line.stop) for line in transcript.lines]


def test_voice_tags_name_the_speaker() -> None:
    transcript = read_transcript(
        "WEBVTT\n\n00:00:01.250 --> 00:00:03.500\n<v Agent>Good morning.</v>\n\n"
        "00:00:04.000 --> 00:00:05.125\n<v.loud Caller>My card is gone."
    )
    assert transcript.form == "WebVTT"
    assert said(transcript) == [
        ("agent", "Good morning.", 1.25, 3.5),
        ("customer", "My card is gone.", 4.0, 5.125),
    ]
    assert transcript.labels == {"Agent": 1, "Caller": 1}
    assert not transcript.findings


def test_two_voices_in_one_cue_are_two_lines_with_the_cues_times() -> None:
    transcript = read_transcript("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Agent>Yes.</v> <v Caller>No.</v>")
    assert said(transcript) == [("agent", "Yes.", 1.0, 2.0), ("customer", "No.", 1.0, 2.0)]


def test_names_before_a_colon_as_zoom_and_teams_write_them() -> None:
    transcript = read_transcript(
        "WEBVTT\r\n\r\n1\r\n00:00:00.500 --> 00:00:02.000\r\nDana (Agent): Hello.\r\n\r\n"
        "2\r\n00:00:02.500 --> 00:00:04.000\r\nOle Berg: My port: 8080 is closed.\r\n\r\n"
        "3\r\n00:00:05.000 --> 00:00:06.000\r\nDana (Agent): I see.\r\n\r\n"
        "4\r\n00:00:07.000 --> 00:00:08.000\r\nOle Berg: Thanks.\r\n"
    )
    assert [line.role for line in transcript.lines] == ["agent", "customer", "agent", "customer"]
    assert "role-from-name" in [found.code for found in transcript.findings]
    assert transcript.lines[1].text == "My port: 8080 is closed."


def test_a_name_on_the_first_line_of_each_cue_is_a_speaker() -> None:
    cell = "\n\n".join(
        f"{number}\n00:00:0{number},000 --> 00:00:0{number},900\n{name}\nWord {number}"
        for number, name in enumerate(["Ann Lee", "Bo", "Ann Lee", "Bo"], start=1)
    )
    transcript = read_transcript(cell)
    assert transcript.form == "SRT"
    assert transcript.labels == {"Ann Lee": 2, "Bo": 2}
    assert [line.text for line in transcript.lines] == ["Word 1", "Word 2", "Word 3", "Word 4"]


def test_a_first_line_that_never_comes_back_is_no_name() -> None:
    transcript = read_transcript(
        "1\n00:00:01,000 --> 00:00:02,000\nGood morning\neverybody\n\n2\n00:00:03,000 --> 00:00:04,000\nMy card\nis gone"
    )
    assert [line.text for line in transcript.lines] == ["Good morning everybody", "My card is gone"]
    assert codes(transcript) == ["transcript-no-speakers"]


def test_srt_takes_commas_points_positions_and_times_without_a_fraction() -> None:
    transcript = read_transcript(
        "\ufeff1\n00:01:39 --> 00:01:41,04\nAgent: one\n\n2\n"
        "0:02:04,08 --> 00:02:07.12 X1:40 X2:600 Y1:20 Y2:50\nCaller: two"
    )
    assert said(transcript) == [("agent", "one", 99.0, 101.04), ("customer", "two", 124.08, 127.12)]


def test_sbv_of_one_comma_between_two_clocks() -> None:
    transcript = read_transcript(
        "0:00:00.378,0:00:11.378\nAgent: hello\n\n0:00:12.000,0:00:13.000\nCaller: hi"
    )
    assert transcript.form == "SBV"
    assert said(transcript) == [("agent", "hello", 0.378, 11.378), ("customer", "hi", 12.0, 13.0)]


def test_notes_styles_regions_and_names_of_cues_are_no_speech() -> None:
    transcript = read_transcript(
        "WEBVTT - Call 7\nKind: captions\n\nNOTE made by hand\nover two lines\n\nSTYLE\n::cue(b) {\n  color: red;\n\n"
        "  top: 1px;\n}\n\nRegion: id=low width=40%\n\nfirst cue\n00:01.000 --> 00:02.000 align:left position:10%,start\n"
        "Agent: Hello\n\nNOTE Agent: not said\n\n2\n00:03.000 --> 00:04.000\nCaller: Hi\n"
    )
    assert said(transcript) == [("agent", "Hello", 1.0, 2.0), ("customer", "Hi", 3.0, 4.0)]
    assert not transcript.findings


def test_tags_go_and_what_only_looks_like_one_stays() -> None:
    transcript = read_transcript(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n"
        'Agent: <i>When</i> <00:01.500>the <c.red>moon</c> <font color="#fff">{\\an8}hits</font>'
        " <unk> 1 < 2 &amp; 3&nbsp;&gt; 2\n\n"
        "00:03.000 --> 00:04.000\nCaller: yes"
    )
    assert transcript.lines[0].text == "When the moon hits <unk> 1 < 2 & 3 > 2"


def test_a_cue_without_a_name_goes_on_with_the_speaker_above() -> None:
    transcript = read_transcript(
        "WEBVTT\n\n00:01.000 --> 00:02.000\nAgent: One moment\n\n00:02.500 --> 00:04.000\nplease.\n\n"
        "00:05.000 --> 00:06.000\nCaller: Fine."
    )
    assert said(transcript)[0] == ("agent", "One moment\nplease.", 1.0, 4.0)
    assert [(f.code, f.line) for f in transcript.findings] == [("line-without-speaker", 1)]


def test_text_before_the_first_speaker_is_a_line_of_its_own() -> None:
    transcript = read_transcript(
        "WEBVTT\n\n00:01.000 --> 00:02.000\nThis call is recorded.\n\n00:03.000 --> 00:04.000\nAgent: Hi.\n\n"
        "00:05.000 --> 00:06.000\nCaller: Hello."
    )
    assert transcript.lines[0] == TranscriptLine("", "This call is recorded.", 1.0, 2.0)
    assert [(f.code, f.line) for f in transcript.findings] == [("line-not-read", 1)]


def test_text_after_a_blank_row_and_a_broken_time_are_kept() -> None:
    transcript = read_transcript(
        "1\n00:00:01,000 --> 00:00:02,000\nAgent: Hi\n\nand welcome\n\n2\n00:00:xx --> 00:00:09\nCaller: Hello"
    )
    everything = " ".join(line.text for line in transcript.lines)
    assert "and welcome" in everything
    assert "00:00:xx --> 00:00:09" in everything
    assert "Hello" in everything


def test_cues_without_a_blank_row_between_them() -> None:
    transcript = read_transcript(
        "1\n00:00:01,000 --> 00:00:02,000\nAgent: Hi\n2\n00:00:03,000 --> 00:00:04,000\nCaller: Hello"
    )
    assert [line.text for line in transcript.lines] == ["Hi", "Hello"]


def test_a_cell_that_lost_its_line_breaks() -> None:
    flat = (
        "WEBVTT 00:00:01.000 --> 00:00:03.000 <v Agent>Hi</v> 2 "
        "00:00:04.000 --> 00:00:05.000 align:left <v Caller>Hello</v>"
    )
    expected = [("agent", "Hi", 1.0, 3.0), ("customer", "Hello", 4.0, 5.0)]
    assert said(read_transcript(flat)) == expected
    literal = (
        r"WEBVTT\n\n00:00:01.000 --> 00:00:03.000\n<v Agent>Hi</v>\n\n"
        r"00:00:04.000 --> 00:00:05.000\n<v Caller>Hello</v>"
    )
    assert said(read_transcript(literal)) == expected


def test_subtitles_inside_a_markdown_fence_with_a_heading_around_it() -> None:
    transcript = read_transcript(
        "# Audio: 00:00 => 00:05\n\nTranscript\n```\nWEBVTT\n\n00:01.000 --> 00:02.000\n<v Agent>Hi\n\n"
        "00:03.000 --> 00:04.000\n<v Caller>Hello\n```\n"
    )
    assert transcript.form == "WebVTT"
    assert [line.text for line in transcript.lines] == ["Hi", "Hello"]
    assert codes(transcript) == ["transcript-mended"]
    assert "# Audio" in transcript.findings[0].value


def test_speech_beside_a_fence_is_not_taken_for_a_heading() -> None:
    speech = "and then she said that the card was gone " * 6
    transcript = read_transcript(
        f"{speech}\n```vtt\nWEBVTT\n\n00:01.000 --> 00:02.000\n<v Agent>Hi\n```\n{speech}"
    )
    assert [line.text for line in transcript.lines] == [speech.strip(), "Hi", speech.strip()]
    assert [(f.code, f.line) for f in transcript.findings if f.code == "line-not-read"] == [
        ("line-not-read", 1),
        ("line-not-read", 3),
    ]


@pytest.mark.parametrize("cell", ["WEBVTT", "WEBVTT\n\n"])
def test_subtitles_without_a_cue_are_empty(cell: str) -> None:
    assert read_transcript(cell).form == "empty"


def test_text_without_any_cue_says_so_and_is_kept() -> None:
    transcript = read_transcript("WEBVTT\n\nAgent says hello")
    assert transcript.form == "unreadable"
    assert "holds no cue" in transcript.findings[0].message
    assert transcript.lines[0].text == "WEBVTT\n\nAgent says hello"


def test_a_labelled_text_with_times_before_the_labels_is_no_subtitle() -> None:
    transcript = read_transcript("00:01 --> 00:02 Agent: Hi\n00:03 --> 00:04 Caller: Hello")
    assert transcript.form == "labelled text"


WORD = st.text(st.characters(categories=["L"]), min_size=1, max_size=8)
CUES = st.lists(
    st.tuples(st.sampled_from(["Agent", "Caller"]), st.lists(WORD, min_size=1, max_size=6)), min_size=1
)


@given(CUES, st.sampled_from(["vtt", "srt", "voice"]), st.sampled_from(["\n", "\r\n", "\r"]))
@settings(max_examples=150, deadline=None)
def test_every_word_of_every_cue_arrives_at_its_speaker(
    cues: list[tuple[str, list[str]]], kind: str, newline: str
) -> None:
    rows = [] if kind == "srt" else ["WEBVTT", ""]
    for number, (who, words) in enumerate(cues, start=1):
        text = " ".join(words)
        rows += [str(number)] if kind == "srt" else []
        rows += [f"00:{number // 60:02}:{number % 60:02}.000 --> 00:{number // 60:02}:{number % 60:02}.500"]
        rows += [f"<v {who}>{text}</v>" if kind == "voice" else f"{who}: {text}", ""]
    transcript = read_transcript(newline.join(rows))
    assert [line.text.split() for line in transcript.lines] == [words for _, words in cues]
    assert [line.start for line in transcript.lines] == list(map(float, range(1, len(cues) + 1)))


@given(st.text(alphabet=st.sampled_from("WEBVT NOTE\n\r:->0123.,<v Agent>/&{}x"), max_size=300))
@settings(max_examples=400, deadline=None)
def test_no_text_that_looks_like_subtitles_breaks_the_reader(text: str) -> None:
    for cell in (f"WEBVTT\n\n{text}", f"1\n00:00:01,000 --> 00:00:02,000\n{text}", text):
        transcript = read_transcript(cell)
        assert transcript.lines or transcript.form == "empty" or not transcript.labels


# --- real files ---


def read_shared(name: str) -> str:
    path = SHARED / "subtitles" / name
    if not path.exists():
        pytest.skip("the shared data is not here")
    data = path.read_bytes()
    return data.decode("utf-16") if data[:2] == b"\xff\xfe" else data.decode()


def shared_cases() -> dict[str, Any]:
    path = SHARED / "subtitles" / "expected.json"
    cases: dict[str, Any] = json.loads(path.read_text())["files"] if path.exists() else {"": None}
    return cases


@pytest.mark.parametrize("name", sorted(shared_cases()))
def test_what_is_known_of_a_real_file_is_found(name: str) -> None:
    """Speakers are told apart; which of two names is the agent is mapped here, as an analyst would."""
    text, expected = read_shared(name or "absent"), shared_cases()[name]
    transcript = read_transcript(text)
    if "n_cues" in expected:
        assert len(transcript.lines) == expected["n_cues"]
        assert transcript.labels == expected["by_speaker"]
        for line, place in ((transcript.lines[0], "first"), (transcript.lines[-1], "last")):
            known = expected[place]
            assert (line.role, line.text) == (expected["role_map"][known["speaker"]], known["text"])
            assert (line.start, line.stop) == (known["start"], known["stop"])
        assert "role-from-greeting" in [item.code for item in transcript.findings]
        swapped = {"agent": "customer", "customer": "agent"}
        given = read_transcript(
            text, roles={who: swapped[role] for who, role in expected["role_map"].items()}
        )
        assert [line.role for line in given.lines] == [swapped[line.role] for line in transcript.lines]
        return
    call = expected["call"]
    first = call["agent"].split(".")[0]
    roles = {label: "agent" if first in label.casefold() else "customer" for label in transcript.labels}
    if set(transcript.labels) != {"Agent", "Caller"}:
        transcript = read_transcript(text, roles=roles)
    counts = {role: sum(line.role == role for line in transcript.lines) for role in ("agent", "customer")}
    assert counts == call["lines"]
    for place, index in (("first", 0), ("last", -1)):
        assert transcript.lines[index].role == call[place]["role"]
        assert call[place]["text"] in transcript.lines[index].text
    for timed in call["timed"]:
        line = TranscriptLine(timed["role"], timed["text"], timed["start"], timed["stop"])
        assert line in transcript.lines


@pytest.mark.parametrize(
    ("name", "form", "count", "first"),
    [
        ("astisub_example-in-carriage-return.srt", "SRT", 3, (0.0, 3.766)),
        ("astisub_example-in-html-entities.srt", "SRT", 3, (0.331, 3.75)),
        ("astisub_example-in-non-utf8.vtt", "WebVTT", 6, (99.0, 101.04)),
        ("astisub_example-in.srt", "SRT", 6, (99.0, 101.04)),
        ("astisub_example-in.vtt", "WebVTT", 6, (99.0, 101.04)),
        ("webvttpy_captions_with_bom.vtt", "WebVTT", 4, (0.5, 7.0)),
        ("webvttpy_cue_tags.vtt", "WebVTT", 3, (16.5, 18.5)),
        ("webvttpy_missing_caption_text.vtt", "WebVTT", 4, (0.5, 7.0)),
        ("webvttpy_sample.sbv", "SBV", 5, (0.378, 11.378)),
        ("webvttpy_using_identifiers.vtt", "WebVTT", 6, (0.5, 7.0)),
    ],
)
def test_real_subtitles_without_speakers(
    name: str, form: str, count: int, first: tuple[float, float]
) -> None:
    transcript = read_transcript(read_shared(name))
    assert (transcript.form, len(transcript.lines)) == (form, count)
    assert (transcript.lines[0].start, transcript.lines[0].stop) == first
    assert codes(transcript) == ["transcript-no-speakers"]


@pytest.mark.parametrize("identifier", ['{n} "{name}" (1000)', "{n} - {name}", "{name}"])
def test_identifiers_of_cues_may_name_who_speaks(identifier: str) -> None:
    names = ["Petra Quill", "Tom Alder"] * 3
    cues = [
        f"{identifier.format(n=n, name=name)}\n00:00:0{n}.000 --> 00:00:0{n}.900\nWords number {n}.\n"
        for n, name in enumerate(names, 1)
    ]
    transcript = read_transcript("WEBVTT\n\n" + "\n".join(cues), agent=["Petra Quill"])
    assert [line.role for line in transcript.lines] == ["agent", "customer"] * 3
    assert [line.text for line in transcript.lines] == [f"Words number {n}." for n in range(1, 7)]


def test_identifiers_that_never_come_back_are_no_speakers() -> None:
    cues = [
        f"intro-{letter}\n00:00:0{n}.000 --> 00:00:0{n}.900\nWords.\n" for n, letter in enumerate("abcdef")
    ]
    assert set(read_transcript("WEBVTT\n\n" + "\n".join(cues)).labels) == set()
