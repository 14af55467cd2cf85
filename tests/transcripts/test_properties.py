"""Properties of reading any cell: it never raises, keeps the order, and loses no character."""

from __future__ import annotations

import json
from collections import Counter

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reddy_lib.transcripts import Transcript, read_transcript

WORDS = st.text(
    alphabet=st.characters(
        categories=("Lu", "Ll", "Lo", "Nd", "Po", "Pd", "Zs"), exclude_characters="\\<\x85"
    ),
    max_size=40,
)
LABELS = st.sampled_from(
    [
        "Agent",
        "Customer",
        "agent",
        "Agent (Ben)",
        "Ben",
        "Zoë",
        "Port",
        "IVR",
        "Speaker 1",
        "**Agent**",
        "Rep ",
    ]
)
TIMES = st.sampled_from(
    ["", "[00:12] ", "(01:02:03) ", "00:20 - ", "[abc] ", "[00:75] ", "[1.5 - 2.5] ", "00:00:07"]
)
BREAKS = st.sampled_from(["\n", "\n\n", "\r\n", "\r"])


@st.composite
def rows(draw: st.DrawFn) -> tuple[str, str]:
    """(text as a cell has it, the same without the times in front)."""
    cell = kept = ""
    for _ in range(draw(st.integers(1, 8))):
        time = draw(TIMES)
        body = draw(WORDS)
        if draw(st.booleans()):
            body = f"{draw(LABELS)}: {body}"
        end = draw(BREAKS)
        cell += time + body + end
        kept += body + end
    return cell, kept


def letters(text: str) -> Counter[str]:
    return Counter(mark for mark in text if mark.isalpha())


def placed(transcript: Transcript) -> Counter[str]:
    """Letters that ended in a line or a label. "12s" and "1 to 2" are times, so their letters may be missing."""
    found = Counter("sto" * 40)
    for line in transcript.lines:
        found += letters(line.text)
    for label, count in transcript.labels.items():
        found += letters(label * count)
    return found


@given(rows())
@example(("Agent: hi\n[00:12]\nAgent: hm", "Agent: hi\nAgent: hm"))
@settings(max_examples=150, deadline=None)
def test_no_letter_of_a_text_is_lost(cell_and_kept: tuple[str, str]) -> None:
    cell, kept = cell_and_kept
    transcript = read_transcript(cell, times="leave out")
    missing = letters(kept) - placed(transcript)
    assert not missing, (missing, transcript.lines)


@given(rows())
@example(("Customer: \nBen: \nAgent: \nBen: \n", ""))
@settings(max_examples=100, deadline=None)
def test_what_is_left_out_is_counted(cell_and_kept: tuple[str, str]) -> None:
    cell, _ = cell_and_kept
    everything = read_transcript(cell, times="leave out")
    without = read_transcript(cell, times="leave out", roles={"agent": "leave out"})
    left_out = [item for item in without.findings if item.code == "lines-left-out"]
    assert len(everything.lines) - len(without.lines) == sum(
        count for label, count in without.labels.items() if label.casefold() == "agent"
    )
    assert bool(left_out) == (len(everything.lines) != len(without.lines))


@given(rows(), st.sampled_from(["agent", "customer", "leave out"]))
@settings(max_examples=100, deadline=None)
def test_mapping_a_known_label_never_moves_a_turn(cell_and_kept: tuple[str, str], role: str) -> None:
    cell, _ = cell_and_kept
    before = read_transcript(cell, times="leave out")
    for label in ("Agent", "Agent (Ben)", "Customer", "IVR"):
        after = read_transcript(cell, times="leave out", roles={label: role})
        assert after.labels == before.labels
        if role != "leave out":
            assert [line.text for line in after.lines] == [line.text for line in before.lines]


TURNS = st.lists(
    st.fixed_dictionaries(
        {
            "speaker": st.sampled_from(["Agent", "Customer", "Bob", ""]),
            "text": st.text(max_size=30),
            "start": st.one_of(
                st.none(), st.integers(0, 5000), st.floats(0, 900), st.sampled_from(["", "00:12", "abc"])
            ),
        },
        optional={"confidence": st.floats(0, 1), "end": st.one_of(st.none(), st.integers(0, 5000))},
    ),
    min_size=1,
    max_size=12,
)


@given(TURNS)
@settings(max_examples=150, deadline=None)
def test_turns_of_a_list_become_lines_one_by_one(turns: list[dict[str, object]]) -> None:
    transcript = read_transcript(json.dumps(turns))
    texts = [str(turn["text"]).replace("\x00", "") for turn in turns]
    codes = {item.code for item in transcript.findings}
    if (
        "not-spoken" in codes
    ):  # results that grow at one start are of one turn: what it ends as says all of them
        assert {line.text for line in transcript.lines} <= set(texts)
        assert all(any(text in line.text for line in transcript.lines) for text in texts)
        return
    if "lines-reordered" in codes:
        assert sorted(line.text for line in transcript.lines) == sorted(texts)
    else:
        assert [line.text for line in transcript.lines] == texts
    unreadable = sum(turn["start"] == "abc" for turn in turns)
    assert sum(item.code == "time-unreadable" for item in transcript.findings) == unreadable
    assert sum(transcript.labels.values()) == sum(
        bool(str(turn["speaker"]).replace("\x00", "")) for turn in turns
    )


@given(TURNS)
@settings(max_examples=100, deadline=None)
def test_estimates_never_leave_a_time_empty_and_are_told_once(turns: list[dict[str, object]]) -> None:
    transcript = read_transcript(json.dumps(turns))
    assert all(line.start is not None and line.stop is not None for line in transcript.lines)
    assert all(line.stop >= 0 for line in transcript.lines if line.stop is not None)
    told = [item for item in transcript.findings if item.code == "times-estimated"]
    missing = any(turn["start"] in (None, "", "abc") or turn.get("end") is None for turn in turns)
    assert len(told) == missing


@given(TURNS)
@settings(max_examples=100, deadline=None)
def test_leaving_times_out_estimates_nothing(turns: list[dict[str, object]]) -> None:
    transcript = read_transcript(json.dumps(turns), times="leave out")
    assert not [item for item in transcript.findings if item.code == "times-estimated"]
    for line, turn in zip(transcript.lines, turns, strict=True):
        assert (line.start is None) == (turn["start"] in (None, "", "abc"))


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["text", "role", "start", "segments", "data", "end", "x"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(DATA)
@example({"segments": [{"text": None, "end": None, "role": None, "start": None}]})
@settings(max_examples=150, deadline=None)
def test_no_data_raises_and_every_answer_can_be_stored(data: object) -> None:
    for cell in (data, json.dumps(data), repr(data)):
        transcript = read_transcript(cell)
        msgspec.json.encode(transcript.lines)
        assert transcript.form in ("json", "Whisper", "labelled text", "empty", "unreadable", "no speakers")
        numbers = [item.line for item in transcript.findings if item.line is not None]
        assert all(1 <= number <= len(transcript.lines) for number in numbers)


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_no_text_raises(text: str) -> None:
    transcript = read_transcript(text)
    assert bool(transcript.lines) == bool(text.strip()) or transcript.form in ("empty", "json")


@given(
    st.integers(1, 200), st.sampled_from(['[{"role": "agent", "text": "hi"}, {', "[[[[{", '{"a": ', "['x', "])
)
def test_cut_off_data_is_kept_whole(times: int, piece: str) -> None:
    cell = piece * times
    transcript = read_transcript(cell)
    assert transcript.form == "unreadable"
    assert transcript.lines[0].text == cell
