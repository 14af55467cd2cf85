"""Times of lines under names that say nothing, or something else: the cells prove what they are."""

from __future__ import annotations

import pandas as pd
import pytest

from reddy_lib.spreadsheet import build_frame, guess_mapping

STARTS = [0.0, 4.75, 11.15, 16.4, 23.05]
STOPS = [4.45, 10.05, 16.1, 21.95, 26.3]
WORDS = [
    "Good morning Acme how can I help",
    "My router {n} has been broken since Monday and I need it",
    "I am sorry to hear that may I have your number please",
    "It is four two seven {n} and then a nine",
    "Thank you, it is on its way",
]


def table(names: tuple[str, str], kind: str = "stops", *, ids: bool = True) -> pd.DataFrame:
    """Six calls, a row a line. `names`: of the column of starts, and of that of stops or lengths."""
    rows = []
    for call in range(6):
        for number, (start, stop, words) in enumerate(zip(STARTS, STOPS, WORDS, strict=True)):
            shift = 0.11 * call * (number > 0)
            second = {"stops": stop + shift, "lengths": stop - start, "ms": 1000 * (stop - start)}.get(
                kind, 0.0
            )
            times = {names[0]: f"{start + shift:.2f}", names[1]: f"{second:.2f}"}
            if kind == "spans":
                times = {names[0]: f"{start + shift:.2f} - {stop + shift:.2f}"}
            facts = {"Otter": f"C-{4000 + 7 * call}"} if ids else {}
            facts |= {"Maple": f"{'ann.weber' if call % 2 else 'bo.lind'}@acme.example"}
            facts |= {"Plum": f"2026-03-0{call + 1} 09:1{call}:00"}
            said = words.format(n=100 + call) + f" {10 * call + number}"
            rows.append({**facts, "Cedar": ("agent", "customer")[number % 2], "Heron": said, **times})
    return pd.DataFrame(rows)


NAMES = pytest.mark.parametrize(
    "names",
    [("x1", "x2"), ("Elapsed", "Mark out"), ("Position", "Time"), ("Playhead", "Length"), ("Seq", "No")],
)


@NAMES
@pytest.mark.parametrize("kind", ["stops", "lengths", "ms", "spans"])
def test_starts_and_stops_are_told_by_the_cells(names: tuple[str, str], kind: str) -> None:
    frame = table(names, kind)
    built = list(build_frame(frame, guess_mapping(frame)))
    assert [one.call.conversation_id for one in built] == [f"C-{4000 + 7 * call}" for call in range(6)]
    for call, one in enumerate(built):
        shifts = [0.11 * call * (number > 0) for number in range(5)]
        lines = one.call.transcript or []
        assert [line.start for line in lines] == pytest.approx(
            [a + s for a, s in zip(STARTS, shifts, strict=True)]
        )
        stops = [b + s for b, s in zip(STOPS, shifts, strict=True)]
        assert [line.stop for line in lines] == pytest.approx(stops, abs=0.011)


def test_a_number_that_only_happens_to_rise_is_no_time() -> None:
    frame = table(("x1", "x2")).assign(
        sure=[["0.0", "0.4", "0.8", "0.1", "0.5"][row % 5] for row in range(30)]
    )
    mapping = guess_mapping(frame)
    assert (mapping.line_fields["start"], mapping.line_fields["stop"]) == ("x1", "x2")


def test_lengths_are_no_starts_whatever_they_are_called() -> None:
    frame = table(("x1", "Time"), "lengths")
    mapping = guess_mapping(frame)
    assert (mapping.line_fields["start"], mapping.line_fields["duration"]) == ("x1", "Time")


def test_milliseconds_called_a_sequence_are_times() -> None:
    frame = table(("Seq", "No"))
    for name in ("Seq", "No"):
        frame[name] = [str(round(1000 * float(cell))) for cell in frame[name]]
    mapping = guess_mapping(frame)
    assert (mapping.line_fields["start"], mapping.line_fields["stop"]) == ("Seq", "No")
    assert mapping.line_units["start"] == "ms"


@pytest.mark.parametrize("kind", ["stops", "spans"])
def test_a_start_that_stays_the_same_tells_calls_apart(kind: str) -> None:
    frame = table(("x1", "x2"), kind, ids=False)
    built = list(build_frame(frame, guess_mapping(frame)))
    assert [len(one.call.transcript or []) for one in built] == [5] * 6
