"""Lists that stand in another order than the conversation, and those that only seem to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reddy_lib.transcripts import accounted, read_transcript
from tests.transcripts.conversation import SHUFFLED, SIDES, STARTS, STOPS, TEXTS, check, codes, turns

TIMED = turns(lambda n, side, text, a, b: {"speaker": side, "text": text, "start": a, "end": b})
DATED = turns(
    lambda n, side, text, a, b: {"role": side, "text": text, "timestamp": f"2025-03-04T09:0{n}:00Z"}
)
EXACT = turns(lambda n, side, text, a, b: {"role": side, "text": text, "start": a, "stop": b})


@pytest.mark.parametrize(
    "rows",
    [TIMED[::-1], EXACT[::-1], DATED[::-1], [TIMED[n] for n in SHUFFLED], [EXACT[n] for n in SHUFFLED]],
)
def test_newest_first_and_shuffled_lists_are_put_in_order(rows: list[dict[str, Any]]) -> None:
    transcript = check(json.dumps(rows), starts=None if "timestamp" in rows[0] else STARTS)
    assert "lines-reordered" in codes(transcript)


@pytest.mark.parametrize("name", ["sequence", "turn_index", "k", "Reihenfolge"])
def test_a_counter_wins_over_the_order_of_the_list(name: str) -> None:
    rows = turns(lambda n, side, text, a, b: {name: n + 1, "speaker": side, "text": text})
    assert "lines-reordered" in codes(check(json.dumps([rows[n] for n in SHUFFLED])))
    assert "lines-reordered" not in codes(check(json.dumps(rows)))
    texts = turns(lambda n, side, text, a, b: {name: str(n), "speaker": side, "text": text})
    assert "lines-reordered" in codes(check(json.dumps(texts[::-1])))


def test_one_channel_after_the_other_is_put_in_order_of_time() -> None:
    rows = [
        {"channel": n % 2, "text": TEXTS[n], "start": STARTS[n], "end": STOPS[n]} for n in (1, 3, 5, 0, 2, 4)
    ]
    transcript = check(json.dumps(rows), starts=STARTS, stops=STOPS)
    assert "lines-reordered" in codes(transcript)


@pytest.mark.parametrize(
    "starts",
    [
        [0.5, 4.8, 8.6, 15.5, 15.4, 20.5],  # they overlap
        [0.5, 4.8, 3.9, 13.2, 15.4, 20.5],
        [0.0, 5.0, 10.0, 0.0, 5.0, 10.0],  # a second part that counts from its own start
    ],
)
def test_lines_that_overlap_or_start_again_stay_where_they_are(starts: list[float]) -> None:
    rows = [
        {"speaker": side, "text": text, "start": start, "end": start + 4}
        for side, text, start in zip(SIDES, TEXTS, starts, strict=True)
    ]
    transcript = read_transcript(json.dumps(rows))
    assert [line.text for line in transcript.lines] == TEXTS
    assert [line.start for line in transcript.lines] == starts
    assert "lines-reordered" not in codes(transcript)


def test_labelled_text_that_is_newest_first_is_turned_round_and_nothing_of_it_is_lost() -> None:
    rows = [
        f"[09:0{n}:00] {side.title()}: {text}"
        for n, (side, text) in enumerate(zip(SIDES, TEXTS, strict=True))
    ]
    cell = "\n".join(rows[::-1])
    transcript = check(cell)
    assert "lines-reordered" in codes(transcript)
    assert transcript.order == [5, 4, 3, 2, 1, 0]
    assert accounted(cell, transcript).unassigned == []


def test_a_number_that_the_times_contradict_is_no_counter() -> None:
    rows = turns(
        lambda n, side, text, a, b: {"rank": SHUFFLED[n], "speaker": side, "text": text, "start": a, "end": b}
    )
    assert "lines-reordered" not in codes(check(json.dumps(rows), starts=STARTS))


def test_numbers_of_speakers_are_no_counter() -> None:
    rows = [{"speaker": number, "text": TEXTS[place]} for place, number in enumerate((1, 0, 2))]
    transcript = read_transcript(json.dumps(rows))
    assert [line.text for line in transcript.lines] == TEXTS[:3]
    assert set(transcript.labels) == {"speaker 0", "speaker 1", "speaker 2"}
