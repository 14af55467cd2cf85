"""Times whose unit nobody says: found by the pace at which people speak, or held."""

from __future__ import annotations

import json

import pytest

from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.times import hours_are_minutes, pace_problem, read_moment, words_of
from reddy_lib.transcripts.units import UNITS, unit_of
from tests.transcripts.conversation import SIDES, STARTS, STOPS, TEXTS, check, codes, turns

WHOLE = [unit for unit in UNITS if unit not in ("seconds", "minutes", "days")]


def counted(unit: str, *, stops: bool = True, scale: float | None = None) -> str:
    factor = UNITS[unit]

    def number(second: float) -> float:
        return second / factor if unit in ("seconds", "minutes", "days") else round(second / factor)

    rows = turns(
        lambda n, side, text, a, b: {"speaker": side, "text": text, "start": number(a), "end": number(b)}
    )
    if not stops:
        for row in rows:
            del row["end"]
    return json.dumps(rows)


@pytest.mark.parametrize("unit", [unit for unit in UNITS if "frames" not in unit])
def test_the_pace_of_speech_tells_the_unit(unit: str) -> None:
    transcript = check(counted(unit), starts=STARTS, stops=STOPS)
    assert bool(codes(transcript) & {"unit-from-pace", "unit-unclear"}) == (
        unit not in ("seconds", "milliseconds")
    )
    assert "pace-implausible" not in codes(transcript)


@pytest.mark.parametrize(
    "unit", ["samples, 8,000 a second", "samples, 16,000 a second", "hundredths of a second"]
)
def test_the_stated_length_of_the_call_settles_it(unit: str) -> None:
    transcript = check(counted(unit), starts=STARTS, stops=STOPS, duration=23.0)
    assert "unit-from-pace" in codes(transcript)
    wrapped = json.dumps({"duration": 23, "transcripts": json.loads(counted(unit))})
    assert "unit-from-pace" in codes(check(wrapped, starts=STARTS, stops=STOPS))


def test_two_units_that_fit_alike_are_asked_about() -> None:
    rows = json.loads(counted("samples, 44,100 a second"))
    for number, row in enumerate(
        rows
    ):  # in whole hundredths of a second of that rate alone, the rate would show
        row["start"], row["end"] = row["start"] + number, row["end"] + 3 * number
    assert "unit-unclear" in codes(read_transcript(json.dumps(rows), duration=23.0))
    assert "unit-unclear" in codes(read_transcript(counted("frames, 25 a second")))


def test_no_unit_is_guessed_from_a_few_words() -> None:
    assert unit_of([0, 10, 20], 6).judged is False
    assert unit_of([0, 4000, 9000], 6).name == "milliseconds"
    assert unit_of([], 0).name == "seconds"


def test_a_slow_chat_stays_in_seconds() -> None:
    rows = turns(lambda n, side, text, a, b: {"speaker": side, "text": text, "time": 95 * n + 7 * (n % 3)})
    transcript = read_transcript(json.dumps(rows))
    assert [line.start for line in transcript.lines] == [row["time"] for row in rows]
    assert not codes(transcript) & {"unit-from-pace", "unit-unclear", "pace-implausible"}


def test_a_pace_that_nobody_speaks_at_is_named() -> None:
    rows = turns(
        lambda n, side, text, a, b: {"role": side, "text": text, "startSeconds": a / 40, "endSeconds": b / 40}
    )
    assert "pace-implausible" in codes(read_transcript(json.dumps(rows)))
    exact = turns(lambda n, side, text, a, b: {"role": side, "text": text, "start": 60 * a, "stop": 60 * b})
    assert "pace-implausible" in codes(read_transcript(json.dumps(exact), unit="s"))
    assert "pace-implausible" not in codes(read_transcript(counted("seconds")))


@pytest.mark.parametrize("key", ["segments", "utterances"])
def test_lists_that_look_like_those_of_a_speech_service_may_count_milliseconds(key: str) -> None:
    check(json.dumps({key: json.loads(counted("milliseconds"))}), starts=STARTS, stops=STOPS)
    check(json.dumps({key: json.loads(counted("seconds"))}), starts=STARTS, stops=STOPS)


def test_hours_and_minutes_that_were_typed_for_minutes_and_seconds() -> None:
    seconds = [3, 17, 31, 45, 59, 73]
    assert hours_are_minutes([60.0 * second for second in seconds], 62)
    assert hours_are_minutes([60.0 * second for second in seconds], 62, duration=80)
    assert not hours_are_minutes([float(second) for second in seconds], 62)
    assert not hours_are_minutes([60.0 * second for second in seconds], 3000)
    assert not hours_are_minutes([60.0 * second for second in seconds], 62, duration=4500)
    rows = [
        {"speaker": side, "text": text, "time": f"{second // 60}:{second % 60:02}:00"}
        for side, text, second in zip(SIDES, TEXTS, seconds, strict=True)
    ]
    transcript = check(json.dumps(rows), starts=[3, 17, 31, 45, 59, 73])
    assert "unit-from-pace" in codes(transcript)


def test_words_of_languages_without_spaces_are_counted_too() -> None:
    assert 6 <= words_of(["おはようございます、お電話ありがとう"]) <= 14
    assert words_of(["Good morning to you"]) == 4


def test_the_pace_of_few_words_is_not_judged() -> None:
    assert pace_problem([(0.0, 0.1), (0.1, 0.2), (0.2, 0.3)], ["Hi", "Hello", "Bye"]) == ""


def test_parts_that_count_from_a_start_of_their_own_are_added_up() -> None:
    spans: list[tuple[float | None, float | None]] = [(4.0 * n, None) for n in range(6)] * 3
    assert pace_problem(spans, ["These are seven words that somebody says"] * 18) == ""


def test_words_with_times_of_their_own_tell_the_unit_of_their_lines() -> None:
    rate = 44_100  # which the pace alone could not tell from 48,000
    rows = turns(
        lambda n, side, text, a, b: {
            "speaker": side,
            "text": text,
            "start": round(rate * a),
            "end": round(rate * b),
            "words": [{"word": word, "start": a, "end": b} for word in text.split()],
        }
    )
    transcript = check(json.dumps(rows), starts=STARTS, stops=STOPS)
    assert "unit-unclear" not in codes(transcript)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("4,2 s", 4.2), ("T+4.2", 4.2), ("T+00:04", 4.0), ("[00:04]", 4.0), ("4.2 sec.", 4.2), ("4,2 сек", 4.2), ("4 秒", 4.0),
     ("1m04s", 64.0), ("0 min 12.5 sec", 12.5), ("1'04\"", 64.0), ("250 ms", 0.25), ("20260303T100007Z", 1772532007.0)],
)  # fmt: skip
def test_times_are_read_in_many_spellings(text: str, seconds: float) -> None:
    moment = read_moment(text)
    assert moment is not None
    assert moment.seconds == seconds


@pytest.mark.parametrize("text", ["n/a", "5 m", "(", "Tom", "T+", "1m", "4 2"])
def test_other_texts_are_no_times(text: str) -> None:
    assert read_moment(text) is None
