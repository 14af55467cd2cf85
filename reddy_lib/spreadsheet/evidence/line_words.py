"""Which column holds what was said, and which one who said it, where one row is a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from reddy_lib.spreadsheet.cells.cell_kinds import whole_numbers
from reddy_lib.spreadsheet.evidence.call_groups import OF_CALLS, Grouping
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.transcripts import leaning
from reddy_lib.transcripts.key_names import DIRECTIONS, side_of_flag
from reddy_lib.transcripts.ticks import ticked

__all__ = [
    "directions",
    "holds_transcripts",
    "is_labelled",
    "speaker_column",
    "takes_turns",
    "unused_words",
    "words_column",
]

_TRIED = 40


def holds_transcripts(column: Column) -> bool:
    """Return whether cells hold conversations, rather than one turn each."""
    step = max(column.count // _TRIED, 1)
    tried = [text for text in column.texts[::step][:_TRIED] if len(text) > 20]
    if not tried or column.length < 20:
        return False
    whole = 0
    for text in tried:
        transcript = column.opening(text)
        labels = {line.role for line in transcript.lines} - {""}
        whole += (
            transcript.form not in ("empty", "no speakers", "unreadable")
            and len(transcript.lines) >= 2
            and len(labels) >= 2
        )
    return whole >= 0.3 * len(tried)


def is_labelled(column: Column) -> bool:
    """Return whether each cell holds one turn with its speaker before it ("Agent: Hello")."""
    tried = column.texts[: 4 * _TRIED]
    sides: set[str] = set()
    fits = 0
    for text in tried:
        before, mark, after = text.replace("：", ":").partition(":")
        side = leaning(before.strip(" *[]<>【】()")) if mark and after.strip() and len(before) < 50 else ""
        fits += bool(side)
        sides.add(side)
    return bool(tried) and fits >= 0.8 * len(tried) and {"agent", "customer"} <= sides


def directions(column: Column) -> dict[str, str]:
    """Return the side of each text where all say whether a message came in or went out, or tick one side; else none."""
    if column.distinct > _MOST_DIRECTIONS:
        return {}
    if side := side_of_flag(column.name):
        ticks = {text: ticked(text) for text in dict.fromkeys(column.texts)}
        if set(ticks.values()) == {True, False}:
            other = "customer" if side == "agent" else "agent"
            return {text: side if tick else other for text, tick in ticks.items()}
    sides = {text: DIRECTIONS.get(text.casefold(), "") for text in dict.fromkeys(column.texts)}
    return sides if set(sides.values()) == {"agent", "customer"} else {}


_MOST_DIRECTIONS = 4
_ALTERNATES = 0.8
_OF_TYPES = frozenset(("status", "audio"))
"""Concepts of column names that may also mean the speaker: a type, or a voice ("Ses")."""


def speaker_column(columns: Sequence[Column], calls: Sequence[Sequence[int]]) -> Column | None:
    best: tuple[float, Column] | None = None
    for column in columns:
        score = _speaks(column, calls)
        if score > 0 and (best is None or score > best[0]):
            best = (score, column)
    return best[1] if best else None


def _speaks(column: Column, calls: Sequence[Sequence[int]]) -> float:
    """Score a column as one of speakers; 0 if it is not one."""
    if column.length > 60 or column.distinct < 2:
        return 0.0
    says = column.says
    if "order" in says and not _may_count(column, calls):
        says -= {"order"}  # "Voce" means both entry and voice
    named = 5.0 if "speaker" in says else 3.0 if "channel" in says else 0.0
    if named and says & {"time", "date", "start", "end", "duration", "text", "order"}:
        named = 0.0
    # What the cells say is asked last: ids and words, of which most differ, need a name to be speakers.
    if not named and column.distinct > max(0.5 * column.count, _MOST_DIRECTIONS):
        return 0.0
    if column.times > 0.5 or column.clocks > 0.5:
        return 0.0
    agents, customers = (round(share * column.count) for share in column.sides)
    share = (agents + customers) / column.count
    steps = [a != b for places in calls for a, b in pairwise([column.of_rows[place] for place in places])]
    turns = sum(steps) / len(steps) if steps else 0.0
    if agents and customers and min(agents, customers) >= 0.02 * column.count:
        if not named and (share < 0.6 or column.distinct > 0.5 * column.count):
            return 0.0
        return 10 * share + named + 2 * turns
    if turns >= 0.2 and column.fill >= 0.9 and directions(column):
        return 6 + named + 2 * turns
    long = [[column.of_rows[place] for place in places] for places in calls if len(places) > 3]
    if len(calls) > 1 and long and all(len(set(texts)) == len(texts) for texts in long):
        return 0.0  # different in each line of a call: it counts them
    # Names, numbers or "Speaker 1": a few that come again and take turns.
    if column.distinct > max(0.5 * column.count, 2) or column.length > 40 or column.fill < 0.6:
        return 0.0
    if column.counts_rows or says & OF_CALLS - {"user", "agent", "customer", "status"}:
        return 0.0
    if turns < 0.3 or ("call" in says and says & {"id", "unique"}):
        return 0.0  # it stays the same from line to line: what it says is about the call
    if not named:
        yes_or_no = column.distinct == 2 and bool(says & {"agent", "customer"})
        few = 2 <= column.distinct <= 4 <= column.count and column.length <= 25
        each = _few_in_each(column, calls)
        if not yes_or_no and not ((few or each) and turns >= 0.4 and column.fill >= 0.9):
            return 0.0
        # Two or three in each call, whatever the column is called: people, or the same two who alternate.
        people = each and (column.people > 0.5 or (few and turns >= _ALTERNATES and says <= _OF_TYPES))
        if not yes_or_no and not people and says - {"call", "phone", "agent", "customer", "user", "name"}:
            return 0.0
        named = 2.0 if yes_or_no else 1.0
    elif column.share(lambda text: re.fullmatch(r"[\d.]+", text)) == 1 and column.distinct > 8:
        return 0.0
    return 10 * share + named + 2 * turns


def _may_count(column: Column, calls: Sequence[Sequence[int]]) -> bool:
    """Return whether cells may number lines: whole numbers, none of them twice in a call, and no phone numbers."""
    numbers = whole_numbers(column.cells)
    if numbers is None or max(numbers) > _MOST_LINES:
        return False
    texts = [[column.of_rows[place] for place in places] for places in calls]
    return len(texts) < 2 or all(len(set(here)) == len(here) for here in texts)


_MOST_LINES = 10_000_000


def _few_in_each(column: Column, calls: Sequence[Sequence[int]]) -> bool:
    """Return whether two to four speak in nearly every call, where it is known which rows are one call."""
    if len(calls) < 2:
        return False
    several = [len({column.of_rows[place] for place in places} - {""}) for places in calls if len(places) > 2]
    return len(several) > 1 and sum(2 <= count <= 4 for count in several) >= 0.8 * len(several)


def takes_turns(role: Column, group: Grouping) -> bool:
    """Return whether several speak in most calls. A column whose name and cells name nobody has to show it."""
    if "speaker" in role.says or any(leaning(text) for text in role.texts[:40]):
        return True
    several = sum(len({role.of_rows[place] for place in places} - {""}) >= 2 for places in group.calls)
    long = sum(len(places) >= 2 for places in group.calls)
    return long > 0 and several >= 0.8 * long and len(group.calls) * 2.5 <= role.total


def words_column(
    columns: Sequence[Column], role: Column | None, calls: Sequence[Sequence[int]]
) -> Column | None:
    """Return the column of what was said. A remark about the call is the same in all its lines, whatever it is called."""
    found = [
        (score, column) for column in columns if column is not role and (score := _holds_words(column, calls))
    ]
    found = [pair for pair in found if not _is_of_calls(pair[1], calls)] or found
    return max(found, key=lambda pair: pair[0])[1] if found else None


def unused_words(columns: Sequence[Column], calls: Sequence[Sequence[int]]) -> list[str]:
    """Return the names of columns that read as speech: sentences which differ from line to line of a call."""
    return [
        column.name
        for column in columns
        if column.prose >= 0.5
        and column.length >= _SENTENCE
        and column.fill >= 0.5
        and column.people <= 0.5
        and column.unique >= 0.5
        and column.objects < 0.5
        and not _is_of_calls(column, calls)
    ]


_SENTENCE = 15


def _is_of_calls(column: Column, calls: Sequence[Sequence[int]]) -> bool:
    """Return whether cells are the same in all rows of a call, or filled in one of them: they describe the call."""
    texts = column.of_rows
    long = [places for places in calls if len(places) > 2]
    if len(long) > 1:
        stays = sum(len({texts[place] for place in places} - {""}) <= 1 for places in long)
        return stays >= 0.8 * len(long)
    filled = [text for text in texts if text]
    changed = sum(before != after for before, after in pairwise(filled))
    return len(filled) > 3 and changed <= 0.3 * (len(filled) - 1)


def _differs_within(column: Column, calls: Sequence[Sequence[int]]) -> bool:
    """Return whether the cells of each call differ from one another, but for one in ten."""
    several = [[column.of_rows[place] for place in places] for places in calls if len(places) > 2]
    total = sum(map(len, several))
    return len(several) > 1 and sum(len(set(texts)) for texts in several) >= 0.9 * total


def _holds_words(column: Column, calls: Sequence[Sequence[int]]) -> float:
    """Score how likely it is that a column holds what was said; 0 rules it out."""
    says = column.says
    named = bool(says & {"text", "transcript"}) and not says & _NOT_OF_WORDS
    words = column.prose
    different = column.unique
    if words >= 0.8 and different < 0.5 and _differs_within(column, calls):
        different = (
            0.5  # agents speak by a script: what comes again in other calls is not the same within one
        )
    if not named and (words < 0.5 or different < 0.5 or column.length < 8 or column.people > 0.5):
        return 0.0
    if "note" in says and not named and words < 0.9:
        return 0.0
    if named and words < 0.2:
        other = column.times + column.clocks + column.numbers + column.emails + column.ids
        if other > 0.5 or (column.length < 12 and different < 0.5):
            return 0.0
    if column.objects > 0.5 or all(isinstance(cell, int | float) for cell in column.cells):
        return 0.0
    score = 4 * words + 4 * different + min(column.length / 25, 4) + 2 * column.fill
    return score + (6.0 if named else -4.0 if "note" in says else 0.0)


_NOT_OF_WORDS = frozenset(("id", "order", "time", "start", "end", "duration", "note"))
