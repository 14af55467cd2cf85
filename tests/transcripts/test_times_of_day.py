"""Clocks that are times of day: they count from the first of them, and it is said that they do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from reddy_lib.transcripts import Transcript, read_transcript

SENTENCE = "The source has times of day: seconds are counted from the first of them."


def starts(transcript: Transcript) -> list[float | None]:
    return [line.start for line in transcript.lines]


def text(*clocks: str) -> str:
    return "\n".join(f"{clock} {('Agent', 'Customer')[n % 2]}: Hello." for n, clock in enumerate(clocks))


@pytest.mark.parametrize("times", ["estimate", "leave out"])
@pytest.mark.parametrize(
    ("clocks", "expected"),
    [
        (("10:00:07", "10:00:12", "10:01:07"), [0, 5, 60]),
        (("[10:00:07]", "[10:00:12]"), [0, 5]),
        (("09:00:00.250", "09:00:01.750"), [0, 1.5]),
        (("23:59:50", "00:00:12", "00:01:00"), [0, 22, 70]),
        (("10:00:07", "10:00:05", "10:00:30"), [2, 0, 25]),
        (("01:00:00", "05:30:00"), [0, 16_200]),
    ],
)
def test_clocks_that_begin_late_and_go_on_like_a_call_count_from_the_first(
    clocks: tuple[str, ...], expected: list[float], times: str
) -> None:
    transcript = read_transcript(text(*clocks), times=times)  # type: ignore[arg-type]
    assert starts(transcript) == expected
    (found,) = [item for item in transcript.findings if item.code == "times-estimated"]
    assert found.message.endswith(SENTENCE)
    assert set(transcript.times) <= {"b", "d", "e"}
    assert transcript.started is None, "of a day that nobody knows"


@pytest.mark.parametrize(
    ("clocks", "expected"),
    [
        (("00:00:07", "01:30:00"), [7, 5400]),
        (("0:59:59", "1:10:00"), [3599, 4200]),
        (("10:07", "10:12"), [607, 612]),
        (("75:10", "75:20"), [4510, 4520]),
        (("10:00:07",), [36_007]),
        (("10:00:07", "18:00:00"), [36_007, 64_800]),
        (("10:00:07", "00:00:12"), [36_007, 12]),
        (("10:00:07", "00:12"), [36_007, 12]),
        (("25:00:07", "25:00:12"), [90_007, 90_012]),
    ],
)
def test_clocks_into_the_call_stay_as_they_are(clocks: tuple[str, ...], expected: list[float]) -> None:
    transcript = read_transcript(text(*clocks), times="leave out")
    assert starts(transcript) == expected
    assert "times-estimated" not in [item.code for item in transcript.findings]


def test_subtitles_and_data_with_times_of_day_count_from_the_first_too() -> None:
    vtt = (
        "WEBVTT\n\n10:00:07.000 --> 10:00:09.000\nAgent: Hi\n\n10:00:17.000 --> 10:00:19.500\nCustomer: Hello"
    )
    assert [(line.start, line.stop) for line in read_transcript(vtt).lines] == [(0, 2), (10, 12.5)]
    turns = [
        {"role": "agent", "text": "Hi", "start": "10:00:07", "duration": "00:00:03"},
        {"role": "customer", "text": "Hello", "start": "10:00:17", "end": "10:00:18"},
    ]
    transcript = read_transcript(json.dumps(turns))
    assert [(line.start, line.stop) for line in transcript.lines] == [(0, 3), (10, 11)]
    assert transcript.times == "dd"


def test_seconds_as_numbers_are_never_a_time_of_day() -> None:
    turns = [{"role": "agent", "text": "Hi " * 3000, "start": n} for n in (36_007.5, 36_012.5)]
    assert starts(read_transcript(json.dumps(turns), times="leave out")) == [36_007.5, 36_012.5]


def _dated(first: datetime, *offsets: float, naive: bool = False) -> str:
    """Return a list of turns whose times are dates, so many seconds after `first`."""
    said = ["Good morning, Orchard Dental.", "Hello, I need a check-up.", "Would Monday suit you?"]
    stamps = [(first + timedelta(seconds=offset)).isoformat(timespec="milliseconds") for offset in offsets]
    turns = [
        {"role": ("agent", "customer")[number % 2], "text": text, "at": stamp[:23] if naive else stamp}
        for number, (text, stamp) in enumerate(zip(said, stamps, strict=True))
    ]
    return json.dumps(turns)


_BEGAN = datetime(2026, 3, 2, 9, 14, 33, tzinfo=UTC)


def test_a_call_that_began_at_a_full_minute_is_no_exception() -> None:
    began = _BEGAN.replace(second=0)
    read = read_transcript(_dated(began, 41.5, 46, 52.25), started=began.timestamp())
    assert [line.start for line in read.lines] == [41.5, 46, 52.25]


@pytest.mark.parametrize("naive", [False, True])
def test_lines_with_dates_count_from_the_start_of_their_call(naive: bool) -> None:
    """Forty seconds of ringing belong to the recording: lines that counted from the first word would be early."""
    cell = _dated(_BEGAN, 41.5, 46, 52.25, naive=naive)
    read = read_transcript(cell, started=_BEGAN.timestamp())
    assert [line.start for line in read.lines] == [41.5, 46, 52.25]
    assert not any("counted from the first" in found.message for found in read.findings)


@pytest.mark.parametrize(
    ("began", "whole_minutes"),
    [
        (None, False),
        (_BEGAN + timedelta(seconds=50), False),  # the call began after its first line: the two disagree
        (_BEGAN - timedelta(hours=3), False),  # another zone, or the ticket rather than the call
        (_BEGAN.replace(second=0) + timedelta(minutes=1), True),  # its seconds are unknown
    ],
)
def test_lines_with_dates_count_from_the_first_where_no_start_fits_them(
    began: datetime | None, whole_minutes: bool
) -> None:
    cell = _dated(_BEGAN, 41.5, 46, 52.25)
    read = read_transcript(cell, started=began and began.timestamp(), whole_minutes=whole_minutes)
    assert [line.start for line in read.lines] == [0, 4.5, 10.75]
    assert any("counted from the first" in found.message for found in read.findings)
