"""Turns that stand in columns, as the turns of one call: "Speaker 1, Text 1, …", a column for each side."""

from __future__ import annotations

import re
from collections.abc import Mapping as Cells
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec

from reddy_lib.spreadsheet.cells.cell_kinds import is_empty
from reddy_lib.spreadsheet.cells.side_cells import lines_of, words_of_cell
from reddy_lib.spreadsheet.cells.tag_values import cell_text
from reddy_lib.spreadsheet.model import Mapping, TurnColumn
from reddy_lib.transcripts import read_transcript
from reddy_lib.transcripts.stamps import STAMP, read_stamp
from reddy_lib.transcripts.turns import clock_text, moment_text

__all__ = ["Turns", "as_lines", "turns_of", "woven"]

_ROLE, _TEXT, _START = "turn: speaker", "turn: text", "turn: start"


def as_lines(
    columns: Cells[str, Sequence[Any]], mapping: Mapping
) -> tuple[dict[str, list[Any]], Mapping, str]:
    """Return the rows of a call, each with a side's words in a column of its own, as rows of lines, and their mapping.

    What else feeds lines (their times, their order) is that of the row. The last is `Turns.assumed`.
    """
    kept = {name: columns[name] for name in mapping.line_fields.values() if name in columns}
    start = mapping.line_fields.get("start", "")
    lines: dict[str, list[Any]] = {name: [] for name in (*kept, _ROLE, _TEXT, _START)}
    assumed = ""
    for row in range(len(columns[mapping.turns[0].text])):
        here = {name: [cells[row]] for name, cells in columns.items()}
        turns = turns_of(here, mapping.turns)
        assumed = assumed or turns.assumed
        for number, turn in enumerate(turns.items):
            lines[_ROLE].append(turn["role"])
            lines[_TEXT].append(turn["text"])
            own = kept[start][row] if start in kept else ""
            if is_empty(own):
                own = turn.get("start", "")
            lines[_START].append(own if not number or own == turn.get("start") else "")
            for field, name in mapping.line_fields.items():
                if name in kept:
                    # The time of a row is that of what was said first in it.
                    lines[name].append(kept[name][row] if not number or field == "order" else "")
    fields = {field: name for field, name in mapping.line_fields.items() if name in kept}
    if not all(map(is_empty, lines[_START])):
        fields["start"] = _START
    changed = msgspec.structs.replace(mapping, turns=[], line_fields={**fields, "role": _ROLE, "text": _TEXT})
    return lines, changed, assumed


class Turns(msgspec.Struct):
    """Turns in the order in which they were spoken, as a transcript's JSON has them.

    `assumed`: where nothing says that order, how they were put together.
    """

    items: list[dict[str, Any]]
    assumed: str = ""


_ONE_BY_ONE = "their lines were put together one by one"
_BLOCKS = "all that one side said comes before the other side's words"


def turns_of(cells: Cells[str, Sequence[Any]], turns: Sequence[TurnColumn]) -> Turns:
    """Return the turns of a call's rows, row by row and in each row in the order of `turns`.

    Where one cell holds all that a side says, its lines are put in order by their clocks, or alternate.
    """
    count = len(cells[turns[0].text]) if turns else 0
    items: list[dict[str, Any]] = []
    assumed = ""
    for row in range(count):
        here = [(turn, cells[turn.text][row]) for turn in turns if not is_empty(cells[turn.text][row])]
        if len(turns) == 2 and not any(turn.speaker or turn.start for turn in turns):
            sides = [(turn.role, lines_of(cell_text(cell))) for turn, cell in here]
            if any(len(lines) > 1 for _, lines in sides):
                found = woven(sides)
                items += found.items
                assumed = assumed or found.assumed
                continue
            if (
                count == 1
                and len(here) > 1
                and all(_several_sentences(lines[0][1]) for _, lines in sides if lines)
            ):
                assumed = _BLOCKS
        for turn, cell in here:
            role = turn.role
            if turn.speaker:
                role = cell_text(cells[turn.speaker][row]).strip() or role
            one: dict[str, Any] = {"role": role, "text": words_of_cell(cell_text(cell).strip())}
            if turn.start and not is_empty(cells[turn.start][row]):
                one["start"] = cell_text(cells[turn.start][row]).strip()
            items.append(one)
    _label(items)
    return Turns(items, assumed)


def _label(items: Sequence[dict[str, Any]]) -> None:
    """Take the labels out of turns that begin with them, as a transcript of these lines is read; else at a colon."""
    bare = [one for one in items if not one["role"]]
    texts = [" ".join(one["text"].split()) for one in bare]
    read = read_transcript("\n".join(texts))
    speakers = read.speakers or [line.role for line in read.lines]
    if read.form != "no speakers" and len(read.lines) == len(bare) and not read.order:
        for number, (one, speaker, line) in enumerate(zip(bare, speakers, read.lines, strict=True)):
            one["role"], one["text"] = speaker, line.text
            if line.start is not None and read.times[number : number + 1] in ("", "s", "d", "b"):
                for name, moment in {"start": line.start, **_written(texts[number], line.start)}.items():
                    one.setdefault(name, moment)
        return
    for one in bare:
        label, mark, text = one["text"].replace("：", ":", 1).partition(":")
        if mark and len(label) < 50 and text.strip() and not (label[-1:] + text[:1]).isdecimal():
            one["role"], one["text"] = label.strip(), text.strip()


def _written(text: str, start: float) -> dict[str, str]:
    """Return the times before the words as times of a day or of a date; {} where they are `start`, seconds of the call.

    Where they count from the first line of a call, the next reading would take them for seconds from its start.
    """
    match = _STAMPS.match(text)
    if match is None:
        return {}
    found: dict[str, str] = {}
    for name, stamp in match.groupdict().items():
        moment = read_stamp(stamp) if stamp else None
        if moment is None or (name == "start" and moment.seconds == start):
            return found
        found[name] = (
            moment_text(moment.seconds, naive=moment.naive) if moment.absolute else clock_text(moment.seconds)
        )
    return {name: written for name, written in found.items() if written}


_STAMPS = re.compile(rf"[\[(<]?\s?(?P<start>{STAMP})(?:\s?(?:-->|->|[-–—])\s?(?P<stop>{STAMP}))?")


def woven(sides: Sequence[tuple[str, list[tuple[str, str]]]]) -> Turns:
    """Bring together what two sides say: by clocks or seconds if each line has one, else line by line."""
    if numbered := _numbered(sides):
        return Turns(numbered)
    if all(clock for _, lines in sides for clock, _ in lines):
        return _by_clocks(sides)
    ordered = (
        sorted(sides, key=lambda side: -len(side[1]))
        if len({len(lines) for _, lines in sides}) > 1
        else sides
    )
    items = [
        {"role": role, "text": text, **_times(clock)}
        for number in range(max(len(lines) for _, lines in ordered))
        for role, lines in ordered
        if number < len(lines)
        for clock, text in [lines[number]]
    ]
    return Turns(items, _ONE_BY_ONE if len(sides) > 1 else "")


def _by_clocks(sides: Sequence[tuple[str, list[tuple[str, str]]]]) -> Turns:
    """Bring together lines that have a clock each; where both sides have one of the same moment, they take turns."""
    lines = [
        [
            {"role": role, "text": text, **_times(clock)}
            for clock, text in sorted(said, key=lambda one: _seconds(one[0]))
        ]
        for role, said in sides
    ]
    items: list[dict[str, Any]] = []
    assumed = ""
    while any(lines):
        nexts = [(_seconds(left[0]["start"]), place) for place, left in enumerate(lines) if left]
        first = min(seconds for seconds, _ in nexts)
        ready = [place for seconds, place in nexts if seconds == first]
        if len(ready) > 1:
            assumed = "where both have a line of the same moment, they take turns"
            ready = [place for place in ready if not items or lines[place][0]["role"] != items[-1]["role"]]
        items.append(lines[ready[0]].pop(0))
    return Turns(items, assumed)


def _several_sentences(text: str) -> bool:
    return len(_SENTENCE_END.findall(text)) > 1


_SENTENCE_END = re.compile(r"[.?!…。？！](?:\s|$)|[。？！]")


_NUMBER = re.compile(
    r"[\[(<]?(?P<number>\d{1,9}(?:[.,]\d{1,6})?)\s?(?P<unit>ms|millis|s|secs?|seconds)?[\])>.]?(?:\s*[-–—|:]\s*|\s+)(?P<text>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_FEWEST = 3


def _numbered(sides: Sequence[tuple[str, list[tuple[str, str]]]]) -> list[dict[str, Any]]:
    """Return the turns where every line of both sides begins with its second, or its number; else none.

    Words begin with a number too ("2 cards"), but not each line of a call, rising on each side.
    """
    found: list[tuple[float, int, str, str]] = []
    whole = True
    for place, (role, lines) in enumerate(sides):
        matches = [_NUMBER.fullmatch(text) for clock, text in lines if not clock]
        read = [match for match in matches if match is not None]
        if len(read) < len(lines):
            return []
        numbers = [
            float(match["number"].replace(",", "."))
            * (0.001 if (match["unit"] or "").casefold().startswith("m") else 1)
            for match in read
        ]
        if any(after <= before for before, after in pairwise(numbers)):
            return []
        whole = whole and not any(match["unit"] or not match["number"].isdecimal() for match in read)
        found += [
            (number, place, role, match["text"].strip()) for number, match in zip(numbers, read, strict=True)
        ]
    found.sort(key=lambda one: one[:2])
    numbers = [number for number, *_ in found]
    if len(found) < _FEWEST:
        return []
    steps = {after - before for before, after in pairwise(numbers)}
    if whole and not steps <= {1} and len(set(numbers)) < len(numbers):
        return []  # each side is numbered by itself
    if whole and steps <= {1}:  # numbers of the turns say their order, and no times
        return [{"role": role, "text": text} for _, _, role, text in found]
    return [{"role": role, "text": text, "start": number} for number, _, role, text in found]


def _times(clock: str) -> dict[str, str]:
    start, _, stop = clock.partition(" - ")
    return {name: text for name, text in (("start", start), ("stop", stop)) if text}


def _seconds(clock: str) -> float:
    parts = clock.partition(" - ")[0].replace(",", ".").split(":")
    return float(sum(float(part) * 60**power for power, part in enumerate(reversed(parts))))
