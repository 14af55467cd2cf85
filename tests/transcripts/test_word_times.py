"""Words with their times, read again from the cell that a transcript came from."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reddy_lib.model import TranscriptLine
from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.words import TimedWord, word_times

Turn = tuple[int, list[TimedWord]]
"""Who speaks, and the words."""

TALK: list[Turn] = [
    (0, [TimedWord("Your", 0.5, 0.75), TimedWord("card,", 0.75, 1.25), TimedWord("please?", 1.25, 2.0)]),
    (1, [TimedWord("It", 2.5, 2.75), TimedWord("is", 2.75, 3.0), TimedWord("4242", 3.25, 4.5),
         TimedWord("4242.", 5.0, 6.25)]),
    (0, [TimedWord("Thank", 7.0, 7.25), TimedWord("you.", 7.25, 7.75)]),
]  # fmt: skip


def text_of(words: Sequence[TimedWord]) -> str:
    return " ".join(word.text for word in words)


def whole(seconds: float) -> int:
    return round(seconds * 1000)


def transcribe(talk: Sequence[Turn]) -> Any:
    items = []
    for who, words in talk:
        for word in words:
            bare = word.text.rstrip(".,?")
            items.append(
                {"type": "pronunciation", "alternatives": [{"content": bare}], "speaker_label": f"spk_{who}",
                 "start_time": str(word.start), "end_time": str(word.stop)}
            )  # fmt: skip
            if bare != word.text:
                items.append({"type": "punctuation", "alternatives": [{"content": word.text[len(bare) :]}]})
    return {"results": {"items": items}}


def transcribe_channels(talk: Sequence[Turn]) -> Any:
    """A channel a speaker: each lists all that was said on it."""
    channels = [
        {
            "channel_label": f"ch_{who}",
            "items": transcribe([one for one in talk if one[0] == who])["results"]["items"],
        }
        for who in (0, 1)
    ]
    items = transcribe(talk)["results"]["items"]
    return {"results": {"items": items, "channel_labels": {"channels": channels}}}


def call_analytics(talk: Sequence[Turn]) -> Any:
    return {
        "JobName": "a job",
        "Transcript": [
            {
                "ParticipantRole": ("AGENT", "CUSTOMER")[who],
                "Content": text_of(words),
                "BeginOffsetMillis": whole(words[0].start),
                "EndOffsetMillis": whole(words[-1].stop),
                "Items": [
                    {"Type": "pronunciation", "Content": word.text, "BeginOffsetMillis": whole(word.start),
                     "EndOffsetMillis": whole(word.stop)}
                    for word in words
                ],
            }
            for who, words in talk
        ],
    }  # fmt: skip


def listed(words: Sequence[TimedWord], factor: int, **names: str) -> list[dict[str, Any]]:
    word, start, stop = (names.get(name, name) for name in ("word", "start", "end"))
    times = [(one.start, one.stop) if factor == 1 else (whole(one.start), whole(one.stop)) for one in words]
    return [{word: one.text, start: a, stop: b} for one, (a, b) in zip(words, times, strict=True)]


def deepgram(talk: Sequence[Turn]) -> Any:
    return {
        "results": {
            "utterances": [
                {
                    "transcript": text_of(words),
                    "speaker": who,
                    "start": words[0].start,
                    "end": words[-1].stop,
                    "words": [
                        {**one, "word": one["word"].casefold().strip(".,?"), "punctuated_word": one["word"]}
                        for one in listed(words, 1)
                    ],
                }
                for who, words in talk
            ]
        }
    }


def assemblyai(talk: Sequence[Turn]) -> Any:
    return {
        "words": None,
        "utterances": [
            {"text": text_of(words), "speaker": "AB"[who], "start": whole(words[0].start), "end": whole(words[-1].stop),
             "words": listed(words, 1000, word="text")}
            for who, words in talk
        ],
    }  # fmt: skip


def whisper(talk: Sequence[Turn]) -> Any:
    return {
        "segments": [
            {"text": " " + text_of(words), "start": words[0].start, "end": words[-1].stop, "words": listed(words, 1)}
            for _, words in talk
        ]
    }  # fmt: skip


def whisper_beside(talk: Sequence[Turn]) -> Any:
    """As OpenAI's verbose_json has them: all words in one list beside the segments."""
    return {
        "segments": [
            {"text": text_of(words), "start": words[0].start, "end": words[-1].stop} for _, words in talk
        ],
        "words": [one for _, words in talk for one in listed(words, 1)],
    }


def azure_batch(talk: Sequence[Turn]) -> Any:
    def times(start: float, stop: float) -> dict[str, int]:
        return {"offsetInTicks": round(start * 1e7), "durationInTicks": round((stop - start) * 1e7)}

    return {
        "recognizedPhrases": [
            {
                "speaker": who + 1,
                **times(words[0].start, words[-1].stop),
                "nBest": [
                    {
                        "display": text_of(words),
                        "displayWords": [{"displayText": one.text, **times(one.start, one.stop)} for one in words],
                        "words": [{"word": "lexical", **times(one.start, one.stop)} for one in words],
                    }
                ],
            }
            for who, words in talk
        ]
    }  # fmt: skip


def genesys(talk: Sequence[Turn]) -> Any:
    began = 1_700_000_000_000
    return {
        "conversationStartTime": began,
        "transcripts": [
            {
                "phrases": [
                    {
                        "text": text_of(words),
                        "participantPurpose": ("internal", "external")[who],
                        "startTimeMs": began + whole(words[0].start),
                        "duration": {"milliseconds": whole(words[-1].stop - words[0].start)},
                        "words": [
                            {"word": one.text, "startTimeMs": began + whole(one.start),
                             "duration": {"milliseconds": whole(one.stop - one.start)}}
                            for one in words
                        ],
                    }
                    for who, words in talk
                ]
            }
        ],
    }  # fmt: skip


def google(talk: Sequence[Turn]) -> Any:
    return {
        "results": [
            {
                "alternatives": [
                    {
                        "transcript": text_of(words),
                        "words": [
                            {"word": one.text, "startTime": f"{one.start}s", "endTime": f"{one.stop}s"} for one in words
                        ],
                    }
                ]
            }
            for _, words in talk
        ]
    }  # fmt: skip


def speechmatics(talk: Sequence[Turn]) -> Any:
    return {
        "results": [
            {"type": "word", "start_time": one.start, "end_time": one.stop,
             "alternatives": [{"content": one.text, "speaker": f"S{who}"}]}
            for who, words in talk for one in words
        ]
    }  # fmt: skip


def rev(talk: Sequence[Turn]) -> Any:
    return {
        "monologues": [
            {
                "speaker": who,
                "elements": [
                    part
                    for one in words
                    for part in (
                        {"type": "text", "value": one.text, "ts": one.start, "end_ts": one.stop},
                        {"type": "punct", "value": " "},
                    )
                ],
            }
            for who, words in talk
        ]
    }


def retell(talk: Sequence[Turn]) -> Any:
    return {
        "transcript_object": [
            {"role": ("agent", "user")[who], "content": text_of(words), "words": listed(words, 1)}
            for who, words in talk
        ]
    }


def anybody(talk: Sequence[Turn]) -> Any:
    """Nobody's format: a list of turns with words in it."""
    return [
        {"who": ("agent", "customer")[who], "said": text_of(words), "from_sec": words[0].start,
         "to_sec": words[-1].stop, "start": words[0].start, "words": listed(words, 1)}
        for who, words in talk
    ]  # fmt: skip


def stamp(seconds: float) -> str:
    return f"00:{int(seconds) // 60:02}:{seconds % 60:06.3f}"


def karaoke(talk: Sequence[Turn]) -> str:
    rows = ["WEBVTT", ""]
    for who, words in talk:
        said = words[0].text + "".join(f" <{stamp(one.start)}><c>{one.text}</c>" for one in words[1:])
        rows += [
            f"{stamp(words[0].start)} --> {stamp(words[-1].stop)}",
            f"<v {'Ann' if who else 'Bo'}>{said}</v>",
            "",
        ]
    return "\n".join(rows)  # fmt: skip


def vcon(talk: Sequence[Turn]) -> Any:
    return {
        "vcon": "0.0.1",
        "parties": [{"name": "A", "role": "agent"}, {"name": "B", "role": "customer"}],
        "dialog": [{"type": "recording", "start": "2026-03-01T10:00:00Z"}],
        "analysis": [{"type": "transcript", "dialog": 0, "body": deepgram(talk)}],
    }


SOURCES: dict[str, Callable[[Sequence[Turn]], Any]] = {
    one.__name__: one
    for one in (
        transcribe, transcribe_channels, call_analytics, deepgram, assemblyai, whisper, whisper_beside, azure_batch,
        genesys, google, speechmatics, rev, retell, anybody, vcon, karaoke,
    )
}  # fmt: skip


def cell_of(name: str, talk: Sequence[Turn]) -> str:
    made = SOURCES[name](talk)
    return made if isinstance(made, str) else json.dumps(made)


def rounded(words: Sequence[TimedWord]) -> list[tuple[str, float, float]]:
    return [(one.text.strip(".,?"), round(one.start, 3), round(one.stop, 3)) for one in words]


def expected(name: str, words: Sequence[TimedWord]) -> list[tuple[str, float, float]]:
    if name == "karaoke":  # a time is where the next piece begins
        stops = [*(one.start for one in words[1:]), words[-1].stop]
        words = [one._replace(stop=stop) for one, stop in zip(words, stops, strict=True)]
    return rounded(words)


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_gives_its_words_with_their_times(name: str) -> None:
    cell = cell_of(name, TALK)
    lines = read_transcript(cell).lines
    assert [line.text for line in lines] == [text_of(words) for _, words in TALK]
    found = word_times(cell, lines)
    assert {number: rounded(words) for number, words in found.items()} == {
        number: expected(name, words) for number, (_, words) in enumerate(TALK, 1)
    }


@pytest.mark.parametrize("name", SOURCES)
def test_the_lines_that_are_sent_are_the_same_without_the_words(name: str) -> None:
    """What is sent does not depend on the times of words: they are in no line and in no finding."""
    transcript = read_transcript(cell_of(name, TALK))
    assert not any("words" in line for line in msgspec.to_builtins(transcript.lines))
    assert all("4.5" not in found.message for found in transcript.findings)


@pytest.mark.parametrize("name", SOURCES)
def test_an_edited_line_has_no_words_any_more_and_the_others_keep_theirs(name: str) -> None:
    cell = cell_of(name, TALK)
    lines = read_transcript(cell).lines
    before = word_times(cell, lines)
    edited = [lines[0], msgspec.structs.replace(lines[1], text="It is 4242 4243."), lines[2]]
    assert word_times(cell, edited) == {number: before[number] for number in (1, 3)}
    if name != "retell":
        moved = [lines[0], msgspec.structs.replace(lines[1], start=1.0), lines[2]]
        assert 2 not in word_times(cell, moved)


@pytest.mark.parametrize("name", SOURCES)
def test_words_go_with_their_line_wherever_it_is_moved_and_to_no_other(name: str) -> None:
    cell = cell_of(name, TALK)
    lines = read_transcript(cell).lines
    before = word_times(cell, lines)
    new = TranscriptLine("agent", "A line of the analyst's.", 2.0, 2.5)
    found = word_times(cell, [lines[2], new, lines[1]])
    assert found == {1: before[3], 3: before[2]}


def test_a_word_without_a_time_is_kept_without_one() -> None:
    """Aligners give no time to numbers: the word must not be passed over, for it is the one to silence."""
    cell = whisper(TALK)
    del cell["segments"][1]["words"][2]["start"], cell["segments"][1]["words"][2]["end"]
    lines = read_transcript(cell).lines
    word = word_times(cell, lines)[2][2]
    assert word.text == "4242"
    assert math.isnan(word.start)
    assert math.isnan(word.stop)


@pytest.mark.parametrize(
    "change",
    [
        lambda words: words.pop(1),
        lambda words: words.append({"word": "more", "start": 6.0, "end": 6.1}),
        lambda words: words[2].update(word="4343"),
        lambda words: words[2].update(start=30.0, end=31.0),
        lambda words: words.reverse(),
        lambda words: words.clear(),
        lambda words: words.__setitem__(slice(None), ["It", "is", 4242, None]),
    ],
)
def test_words_that_do_not_spell_their_line_or_lie_outside_of_it_are_none(
    change: Callable[[list[Any]], object],
) -> None:
    cell = whisper(TALK)
    change(cell["segments"][1]["words"])
    assert sorted(word_times(cell, read_transcript(cell).lines)) == [1, 3]


def test_of_two_lines_alike_each_has_its_own_words() -> None:
    yes = [(0, [TimedWord("Yes.", at, at + 0.5)]) for at in (1.0, 3.0, 9.0)]
    cell = cell_of("deepgram", yes)
    lines = read_transcript(cell).lines
    assert [word_times(cell, lines)[number][0].start for number in (1, 2, 3)] == [1.0, 3.0, 9.0]
    assert [words[0].start for words in word_times(cell, [lines[2], lines[0]]).values()] == [9.0, 1.0]


def test_alike_lines_without_times_of_their_own_have_none() -> None:
    """Nothing tells the one from the other once a line is gone."""
    yes = [
        {
            "role": "agent",
            "text": "Oh yes.",
            "words": [{"word": "Oh"}, {"word": "yes.", "start": at, "end": at + 1}],
        }
        for at in (1, 5)
    ]
    assert word_times(yes, read_transcript(yes).lines[1:]) == {}


def test_a_word_of_one_list_for_all_that_is_said_twice_there_is_nobodys() -> None:
    talk = [
        (0, [TimedWord("Yes.", 1.0, 1.25)]),
        (0, [TimedWord("Yes.", 1.25, 1.5)]),
        (0, [TimedWord("Bye.", 5.0, 6.0)]),
    ]
    cell = cell_of("whisper_beside", talk)
    assert sorted(word_times(cell, read_transcript(cell).lines)) == [3]


@pytest.mark.parametrize(
    "cell",
    [
        None,
        "",
        7,
        float("nan"),
        "agent: Hello",
        "{",
        "[",
        "[]",
        "WEBVTT\n\n<",
        "Agent: a <b> c",
        {},
        [1],
        '""',
    ],
)
def test_a_cell_without_words_has_none(cell: object) -> None:
    assert word_times(cell, [TranscriptLine("agent", "Hello", 0.0, 1.0)]) == {}


spoken = st.text(alphabet=st.sampled_from("abcdäß47İ"), min_size=1, max_size=5)


@st.composite
def talks(draw: st.DrawFn) -> list[Turn]:
    talk: list[Turn] = []
    now = 0.0
    for number in range(draw(st.integers(1, 4))):
        words = []
        for text in draw(st.lists(spoken, min_size=1, max_size=4)):
            now = round(now + draw(st.integers(1, 8)) / 4, 3)
            stop = round(now + draw(st.integers(1, 8)) / 4, 3)
            words.append(TimedWord(text, now, stop))
            now = stop
        talk.append((number % 2, words))
    return talk


@pytest.mark.parametrize("name", ["deepgram", "assemblyai", "whisper", "genesys", "azure_batch", "vcon"])
@given(talk=talks())
def test_whatever_is_said_a_word_has_its_own_time_or_none(name: str, talk: list[Turn]) -> None:
    cell = cell_of(name, talk)
    lines = read_transcript(cell).lines
    found = word_times(cell, lines)
    assert sorted(found) == list(range(1, len(talk) + 1))
    for number, words in found.items():
        assert rounded(words) == rounded(talk[number - 1][1])


def test_words_with_dates_count_from_the_start_of_the_call_as_their_line_does() -> None:
    """A word that is silenced by the seconds of its line's own count would be another one."""
    began = 1_772_442_873.0
    words = [{"word": word, "start": began + 30 + at} for at, word in enumerate(("Twelve", "Elm", "Street"))]
    turns = [
        {"role": "agent", "text": "Which address, please?", "start": began + 25},
        {"role": "customer", "text": "Twelve Elm Street", "start": began + 30, "words": words},
    ]
    cell = json.dumps(turns)
    lines = read_transcript(cell, started=began).lines
    assert [line.start for line in lines] == [25, 30]
    assert [word.start for word in word_times(cell, lines)[2]] == [30, 31, 32]
