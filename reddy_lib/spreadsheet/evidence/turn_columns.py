"""Turns that stand in columns: "Speaker 1, Text 1, Speaker 2, …", a column for each side, question and answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

import msgspec

from reddy_lib.spreadsheet.cells.side_cells import lines_of
from reddy_lib.spreadsheet.evidence.call_groups import calls_by_value
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.evidence.line_words import speaker_column
from reddy_lib.spreadsheet.evidence.split_transcripts import a_turn_each
from reddy_lib.spreadsheet.model import TurnColumn
from reddy_lib.transcripts import leaning
from reddy_lib.transcripts.greetings import infer_from_greetings

__all__ = ["TurnsFound", "find_turns"]

_NUMBERED = re.compile(r"(?P<before>.{0,80}?)[\W_]{0,9}(?P<number>\d{1,4})(?P<after>\D{0,80})")
_TRIED = 40
_encode = msgspec.json.Encoder().encode


class TurnsFound(msgspec.Struct):
    """The columns that make the transcript, in the order of a row; what tells calls apart where a call has several rows."""

    turns: list[TurnColumn]
    reason: str
    group_by: list[str] = msgspec.field(default_factory=list)
    order: str = ""


def find_turns(columns: Sequence[Column]) -> TurnsFound | None:
    """Return the columns that hold a turn or a side each; None where the transcript does not stand in several columns."""
    filled = [column for column in columns if column.count]
    return _numbered_turns(filled) or _sides(filled)


def _numbered_turns(columns: Sequence[Column]) -> TurnsFound | None:
    """ "Speaker 1", "Text 1", "Speaker 2", "Text 2", …; "Turn 1", "Turn 2", …; "Agent 1", "Customer 1", "Agent 2", …"""
    series: dict[str, dict[int, Column]] = {}
    for column in columns:
        match = _NUMBERED.fullmatch(column.name.strip())
        if match:
            stem = f"{match['before']}#{match['after']}".casefold().strip()
            series.setdefault(stem, {})[int(match["number"])] = column
    for column in columns:  # "Speaker", "Text", "Speaker (2)", "Text (2)", …: the first has no number
        for stem, found in series.items():
            if 1 not in found and min(found) == 2 and _bare(stem) == column.name.strip().casefold():
                found[1] = column
    # The last turns of the longest call alone may fill their columns: the first ones tell what a series is.
    series = {stem: found for stem, found in series.items() if len(found) >= 2}
    texts = {stem: found for stem, found in series.items() if _is_speech(found[min(found)])}
    if not texts:
        return None
    numbered = {column.name for found in series.values() for column in found.values()}
    if any(one.name not in numbered and one.length > 60 and _several_turns(one) for one in columns):
        return None  # a whole transcript stands beside them: they are facts that are numbered
    roles = {
        stem: found for stem, found in series.items() if _is_role([found[number] for number in sorted(found)])
    }
    texts = {stem: found for stem, found in texts.items() if stem not in roles}
    if not texts:
        return None
    starts = {
        stem: found
        for stem, found in series.items()
        if stem not in texts
        and stem not in roles
        and _are_starts([found[number] for number in sorted(found)])
    }
    places = {column.name: place for place, column in enumerate(columns)}
    start = next(iter(starts.values()), {})
    if len(texts) == 1:
        (found,) = texts.values()
        speaker = next(iter(roles.values()), {})
        if not speaker and not _each_labelled(list(found.values())):
            return None
        turns = [
            TurnColumn(
                found[number].name,
                speaker=speaker[number].name if number in speaker else "",
                start=start[number].name if number in start else "",
            )
            for number in sorted(found)
        ]
        return TurnsFound(
            turns, f"{len(turns)} columns hold a turn each, {turns[0].text!r} to {turns[-1].text!r}"
        )
    named = {stem: side for stem, found in texts.items() if (side := _side(found[min(found)]))}
    if set(named.values()) == {"agent", "customer"} and len(named) == 2:
        sided = named
    elif len(texts) == 2 and len(set(named.values())) == len(named):
        sided = {stem: named.get(stem) or stem.replace("#", "").strip(" _-.") for stem in texts}
    else:
        return None
    of_sides = [
        (number, places[column.name], column, sided[stem])
        for stem in sided
        for number, column in texts[stem].items()
    ]
    of_sides.sort(key=lambda item: item[:2])
    turns = [TurnColumn(column.name, role=side) for _, _, column, side in of_sides]
    return TurnsFound(
        turns, f"{len(turns)} columns hold a turn each, {turns[0].text!r} to {turns[-1].text!r}"
    )


def _bare(stem: str) -> str:
    return stem.replace("#", "").strip(" _-.()[]")


def _is_speech(column: Column) -> bool:
    if column.emails + column.times + column.audio > 0.5 or "note" in column.says or column.length < 6:
        return False
    return column.prose >= 0.4 and not _several_turns(column)


def _several_turns(column: Column) -> bool:
    """Whether its cells hold more than a turn: then it is a transcript, or a part of one."""
    step = max(column.count // _TRIED, 1)
    tried = [text for text in column.texts[::step][:_TRIED] if len(text) > 20]
    found = [column.opening(text) for text in tried]
    several = sum(len(one.lines) >= 2 and len(one.labels) >= 2 for one in found)
    return bool(tried) and several >= 0.3 * len(tried)


def _is_role(columns: Sequence[Column]) -> bool:
    texts = [text for column in columns for text in column.texts]
    if not texts or sum(map(len, texts)) / len(texts) > 40:
        return False
    return (
        any("speaker" in column.says for column in columns)
        or _lean(Counter(texts), len(texts))
        or _alternate(columns)
    )


def _lean(counts: Mapping[str, int], total: int) -> bool:
    """Return whether at least half of the texts lean to a side."""
    others = 0
    for text, count in counts.items():
        if not leaning(text):
            others += count
            if 2 * others > total:
                return False
    return True


def _are_starts(columns: Sequence[Column]) -> bool:
    """Return whether columns hold the times of the turns: their name says so, or they rise from column to column."""
    if columns[0].says & {"time", "start"}:
        return True
    if columns[0].says & {"end", "duration"}:
        return False
    moments = [column.moments for column in columns]
    rows = [[second for second in row if second is not None] for row in zip(*moments, strict=True)]
    steps = [after > before for row in rows for before, after in pairwise(row)]
    return len(steps) > 2 and all(steps)


def _alternate(columns: Sequence[Column]) -> bool:
    """Return whether in each row a few texts come again and take turns from column to column, as speakers do."""
    if any(column.times > 0.5 or column.clocks > 0.5 for column in columns):
        return False
    rows = [
        [text for text in row if text] for row in zip(*(column.of_rows for column in columns), strict=True)
    ]
    rows = [row for row in rows if len(row) > 2]
    few = sum(2 <= len(set(row)) < min(5, len(row)) for row in rows)
    if not rows or few < 0.8 * len(rows):
        return False
    steps = [a != b for row in rows for a, b in pairwise(row)]
    return bool(sum(steps) >= 0.5 * len(steps))


def _each_labelled(columns: Sequence[Column]) -> bool:
    texts = [text for column in columns for text in column.texts][: 4 * _TRIED]
    fits = sum(
        bool(mark) and len(before) < 50 and bool(after.strip()) and not (before[-1:] + after[:1]).isdecimal()
        for before, mark, after in (text.replace("：", ":").partition(":") for text in texts)
    )
    if texts and fits >= 0.8 * len(texts):
        return True
    rows = [
        row for row in zip(*(column.of_rows for column in columns), strict=True) if sum(map(bool, row)) > 1
    ]
    return bool(rows) and a_turn_each(rows[:: len(rows) // _ROWS + 1])


_ROWS = 12


def _side(column: Column) -> str:
    """Return the side that a column's name gives its words to, or ""."""
    agent, customer = "agent" in column.says, "customer" in column.says
    if agent != customer:
        return "agent" if agent else "customer"
    if agent:
        return ""
    words = set(column.plain.split())
    if words & {"bot", "assistant", "chatbot", "model", "ai"} or "answer" in column.says:
        return "agent"
    if words & {"human", "prompt"} or column.says & {"user", "question"}:
        return "customer"
    side = leaning(column.name)
    return side if side in ("agent", "customer") else ""


def _sides(columns: Sequence[Column]) -> TurnsFound | None:
    """A column of what the agent says beside one of what the customer says; or of questions and answers."""
    speech = [column for column in columns if _is_side_text(column) and not column.says & _NO_WORDS]
    if len(speech) < 2 or any(column.length > 60 and _holds_both_sides(column) for column in columns):
        return None  # a column with both sides rules out a column per side
    # A cell of several lines is all that a side says in its call.
    whole = islice(filter(_has_several_lines, speech), 2)
    group = _rows_of_a_call(columns, {column.name for column in speech}) if len(list(whole)) < 2 else None
    pair = _pair(speech, group)
    if pair is None:
        return None
    if any(column not in pair and column.length > 60 and _several_turns(column) for column in columns):
        return None  # a whole transcript stands beside them
    if any(map(_holds_both_sides, pair)):
        return None
    # A question comes before its answer; else the columns say in which order the sides spoke.
    ordered = sorted(pair, key=lambda column: ("answer" in column.says, columns.index(column)))
    said = _sides_by_words(ordered, group.calls if group is not None else None)
    turns = [
        TurnColumn(column.name, role=_side(column) or said.get(column.name, "") or column.name)
        for column in ordered
    ]
    reason = " and ".join(f"{turn.text!r} holds what {turn.role!r} says" for turn in turns)
    if said and not all(map(_side, ordered)):
        reason += ", told by how calls are answered"
    if group is None:
        return TurnsFound(turns, reason)
    by = group.by
    return TurnsFound(turns, f"{reason}, turn by turn; {by!r} tells calls apart", [by], group.order)


def _holds_both_sides(column: Column) -> bool:
    """Return whether a cell holds the turns of both sides, rather than the lines of one with their clocks."""
    return _several_turns(column) and (column.objects >= 0.5 or not _clocked(column))


def _has_several_lines(column: Column) -> bool:
    """Return whether at least half of the cells have several lines."""
    wanted = 0.5 * column.count
    left = column.count
    for text, count in column.counts.items():
        left -= count
        wanted -= count if len(lines_of(text)) > 1 else 0
        if wanted <= 0 or wanted > left:
            break
    return wanted <= 0


def _sides_by_words(pair: Sequence[Column], calls: Sequence[Sequence[int]] | None) -> dict[str, str]:
    """Return column → side where what is said in most calls tells it: who greets as one does who answers a call."""
    named = {column.name: side for column in pair if (side := _side(column))}
    if len(named) == 1:  # the other one is the other side
        (side,) = named.values()
        other = "customer" if side == "agent" else "agent"
        return {column.name: named.get(column.name, other) for column in pair}
    if named:
        return named
    votes: Counter[str] = Counter()
    tried = 0
    for places in (calls or [[place] for place in range(pair[0].total)])[:_MOST_CALLS]:
        cells = [
            (column.name, text) for place in places for column in pair if (text := column.of_rows[place])
        ]
        labels = {column.name: str(number) for number, column in enumerate(pair, start=1)}
        texts = [(labels[name], line) for name, cell in cells for _, line in lines_of(cell)]
        if len({label for label, _ in texts}) < 2:
            continue
        tried += 1
        found = infer_from_greetings(
            [label for label, _ in texts], [text for _, text in texts], dict.fromkeys(labels.values(), "")
        )
        votes.update(
            name for name, label in labels.items() if label in found and found[label].role == "agent"
        )
    if not votes:
        return {}
    (agent, count), *_ = votes.most_common()
    if count < 0.8 * votes.total() or count < 0.3 * tried or (count < 2 and tried > 2):
        return {}
    return {column.name: "agent" if column.name == agent else "customer" for column in pair}


_MOST_CALLS = 40


_NO_WORDS = frozenset(("id", "email", "name", "phone", "score", "status", "start", "end", "duration"))


def _pair(speech: Sequence[Column], group: _Rows | None) -> list[Column] | None:
    """Return the two columns of the two sides: by their names, or because in each row one of them speaks."""
    agents = [column for column in speech if _side(column) == "agent"]
    customers = [column for column in speech if _side(column) == "customer"]
    if agents and customers:
        # What is said differs from row to row; a remark about the call does not.
        return [
            max(side, key=lambda column: (column.distinct, column.length)) for side in (agents, customers)
        ]
    best: tuple[float, list[Column]] | None = None
    for place, one in enumerate(speech):
        for other in speech[place + 1 :]:
            if _side(one) and _side(one) == _side(other):
                continue
            if _take_turns(one, other, group) and (best is None or one.distinct + other.distinct > best[0]):
                best = (one.distinct + other.distinct, [one, other])
    return best[1] if best else None


def _take_turns(one: Column, other: Column, group: _Rows | None) -> bool:
    """Return whether two columns of words are two sides, whatever they are called."""
    rows = list(zip(one.of_rows, other.of_rows, strict=True))
    either = sum(bool(a) != bool(b) for a, b in rows)
    if min(one.fill, other.fill) >= 0.2 and either >= 0.9 * len(rows):
        return True  # in each row one of them is filled
    if group is not None:
        return not group.speakers and _answer_each_other(one, other, group.calls)
    lines = [(len(lines_of(a)), len(lines_of(b))) for a, b in rows if a and b]
    alike = sum(min(pair) >= 2 and abs(pair[0] - pair[1]) <= 1 for pair in lines)
    return bool(lines) and alike >= 0.6 * len(lines) and not _several_turns(one) and not _several_turns(other)


def _answer_each_other(one: Column, other: Column, calls: Sequence[Sequence[int]]) -> bool:
    """Return whether the rows of calls are exchanges, a line of each side: both differ from row to row, in their own way.

    A translation asks where the text asks and has its numbers; a summary is the same in all rows of a call.
    """
    if min(one.fill, other.fill) < 0.8 or any(column.unique < 0.3 for column in (one, other)):
        return False
    long = [places for places in calls if len(places) > 1]
    if not long or any(
        len({column.of_rows[place] for place in places}) == 1 for column in (one, other) for places in long
    ):
        return False
    both = [place for place, text in enumerate(one.of_rows) if text and other.of_rows[place]]
    rows = [(one.marks[place], other.marks[place]) for place in both]
    parallel = sum(a == b for a, b in rows if a or b)
    marked = sum(bool(a or b) for a, b in rows)
    return marked >= 0.2 * len(rows) and parallel <= 0.3 * marked


def _is_side_text(column: Column) -> bool:
    if (
        column.emails + column.times + column.audio > 0.5
        or "note" in column.says
        or (column.distinct < 2 and column.count > 1)
        or column.people > 0.5  # names of the two, rather than their words
    ):
        return False
    return (
        column.prose >= 0.5
        and column.length >= 8
        and (bool(column.says & _OF_SPEECH) or bool(_side(column)) or column.length >= 20)
    )


_OF_SPEECH = frozenset(("text", "transcript", "speaker", "channel", "question", "answer"))


def _clocked(column: Column) -> bool:
    return column.share(lambda text: re.search(r"\d{1,2}:\d{2}", text)) > 0.5


class _Rows(NamedTuple):
    """Which rows are one call: the column that says so, the one that counts them or "", and whether speakers are named."""

    by: str
    order: str
    calls: list[list[int]]
    speakers: bool


def _rows_of_a_call(columns: Sequence[Column], texts: set[str]) -> _Rows | None:
    """Return which rows are one call, or None where each row is one."""
    others = [column for column in columns if column.name not in texts]
    found = calls_by_value(others)
    if found is None:
        return None
    by, calls = found
    speakers = speaker_column([column for column in others if column.name != by], calls) is not None
    for column in others:
        if column.name == by or column.fill < 0.9:
            continue
        numbers = column.all_numbers
        if numbers is None or any(len({numbers[place] for place in here}) < len(here) for here in calls):
            continue
        counts = all(
            min(n) in (0, 1) and max(n) - min(n) == len(n) - 1
            for here in calls
            if (n := [numbers[place] for place in here])
        )
        if "order" in column.says or (counts and any(len(here) > 1 for here in calls)):
            return _Rows(by, column.name, calls, speakers)
    return _Rows(by, "", calls, speakers)
