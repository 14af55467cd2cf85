"""Is one row a call, or one line of a call? Found from what the columns hold, each answer with its reason.

Lines give themselves away: a column in which agent and customer take turns, one with what they said, and a call id
that stays the same for many rows (or is filled only where a call begins, or a counter that starts again). A column
that holds whole transcripts says that one row is one call, whatever else is there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

import msgspec

from reddy_lib.spreadsheet.grouping import as_number
from reddy_lib.spreadsheet.headers import FIELD_NAMES, LINE_NAMES, plain_name
from reddy_lib.spreadsheet.mapping import LineUnit, NewCall
from reddy_lib.spreadsheet.tag_values import cell_text
from reddy_lib.transcripts import leaning, read_opening
from reddy_lib.transcripts.times import read_moment

__all__ = ["LinesFound", "find_lines", "lines_beside", "lines_chosen"]

_TRIED = 40
_CALL_NAMES = (
    *FIELD_NAMES["conversation_id"],
    *(
        "call",
        "conversation",
        "interaction",
        "session",
        "contact",
        "case",
        "ticket",
        "chat",
        "chat id",
        "dialog id",
    ),
    *(
        "dialogue id",
        "transcript id",
        "recording",
        "anruf",
        "gesprach",
        "llamada",
        "conversacion",
        "appel",
        "chiamata",
    ),
    *("audio file", "file name", "filename", "file"),
)
"""What a column may be called that tells calls apart, the most telling first."""


class LinesFound(msgspec.Struct):
    """One row a line: what feeds a line, what tells calls apart, and why it looks so."""

    fields: dict[str, str]
    units: dict[str, LineUnit]
    group_by: list[str]
    new_call: NewCall
    reasons: dict[str, str]


class _Cells:
    """A column of the sample, measured once."""

    def __init__(self, name: str, cells: Sequence[Any]) -> None:
        self.name = name
        self.plain = plain_name(name)
        self.cells = cells
        self.texts = [cell_text(cell).strip() for cell in cells]
        self.filled = [text for text in self.texts if text]
        self.count = len(self.filled)
        self.distinct = len(set(self.filled))
        self.length = sum(map(len, self.filled)) / self.count if self.count else 0.0
        self.fill = self.count / len(self.texts) if self.texts else 0.0

    def rank(self, names: Sequence[str]) -> int | None:
        joined = self.plain.replace(" ", "")
        for place, name in enumerate(names):
            if name == self.plain or name.replace(" ", "") == joined:
                return place
        return None


def find_lines(columns: Sequence[tuple[str, Sequence[Any]]]) -> LinesFound | None:
    """What one row a line would mean for these columns (name, cells of the first rows); None: one row is a call."""
    measured = [_Cells(name, cells) for name, cells in columns]
    if not measured or len(measured[0].cells) < 2:
        return None
    filled = [column for column in measured if column.count]
    role = _role(filled)
    text = _text(filled, role)
    if text is None or _holds_transcripts(text):
        return None
    if any(column is not text and column.length > 60 and _holds_transcripts(column) for column in filled):
        return None
    labelled = role is None and _is_labelled(text)
    if role is None and not labelled:
        return None
    rest = [column for column in filled if column not in (text, role)]
    order = _order(rest)
    rest = [column for column in rest if column is not order]
    group = _group(rest, text, order, role)
    if group is None:
        return None
    by, new_call, why, boundaries = group
    if order is not None and new_call != "restart" and _repeats(order, boundaries):
        order = None  # a mark such as 0 and 1, which only looks like the counter of very short calls
    fields = {"text": text.name}
    reasons = {
        "layout": f"one row a transcript line: {why}",
        "line text": f"name {text.name!r}; {int(text.length)} characters on average",
    }
    if role is not None:
        fields["role"] = role.name
        sides = sum(leaning(label) in ("agent", "customer") for label in role.filled)
        reasons["line role"] = (
            f"name {role.name!r}; {sides} of {role.count} cells name the agent or the customer, {role.distinct} different"
        )
    else:
        reasons["line text"] += "; each cell begins with the speaker"
    if order is not None:
        fields["order"] = order.name
        reasons["line order"] = f"name {order.name!r}; counts the lines of each call"
    units: dict[str, LineUnit] = {}
    free = [column for column in rest if column.name not in by]
    starts = _times(free, "start", text, boundaries)
    if starts is not None:
        column, unit, reason = starts
        fields["start"], reasons["line start"] = column.name, reason
        units["start"] = unit
        free = [other for other in free if other is not column]
        for name in ("stop", "duration"):
            found = _times(free, name, text, boundaries)
            if found is not None:
                column, unit, reason = found
                fields[name], reasons[f"line {name}"] = column.name, reason
                units[name] = unit if unit != "auto" else units["start"]
                if name == "duration":
                    what = (
                        "not used: there is a stop"
                        if "stop" in fields
                        else "a line stops at start + duration"
                    )
                    reasons["line duration"] += f"; {what}"
                free = [other for other in free if other is not column]
    return LinesFound(
        fields, {name: unit for name, unit in units.items() if unit != "auto"}, by, new_call, reasons
    )


def lines_chosen(columns: Sequence[tuple[str, Sequence[Any]]]) -> LinesFound:
    """The nearest thing to one row a line, where somebody says that it is and `find_lines` did not find it."""
    found = find_lines(columns)
    if found is not None:
        return found
    measured = [_Cells(name, cells) for name, cells in columns]
    filled = [column for column in measured if column.count] or measured
    role = _role(filled)
    others = [column for column in filled if column is not role] or filled
    text = _text(filled, role) or max(others, key=lambda column: column.length)
    fields = {"text": text.name}
    reasons = {"layout": "one row a transcript line: chosen by hand", "line text": "the longest texts"}
    if role is not None and role is not text:
        fields["role"] = role.name
        reasons["line role"] = f"name {role.name!r}; {role.distinct} different"
    rest = [column for column in filled if column.name not in fields.values()]
    group = _group(rest, text, None, role)
    by, new_call = (group[0], group[1]) if group is not None else ([], "value")
    return LinesFound(fields, {}, by, new_call, reasons)


def _holds_transcripts(column: _Cells) -> bool:
    """Do cells hold conversations, rather than one turn each?"""
    step = max(column.count // _TRIED, 1)
    tried = [text for text in column.filled[::step][:_TRIED] if len(text) > 20]
    if not tried or column.length < 40:
        return False
    whole = 0
    for text in tried:
        transcript = read_opening(text)
        sides = {line.role for line in transcript.lines}
        whole += (
            transcript.form in ("json", "labelled text")
            and len(transcript.lines) >= 2
            and len(sides - {""}) >= 2
        )
    return whole >= 0.3 * len(tried)


def _is_labelled(column: _Cells) -> bool:
    """Does each cell hold one turn with its speaker before it ("Agent: Hello")?"""
    tried = column.filled[: 4 * _TRIED]
    sides: set[str] = set()
    fits = 0
    for text in tried:
        before, mark, after = text.partition(":")
        side = leaning(before.strip(" *[]<>")) if mark and after.strip() and len(before) < 50 else ""
        fits += bool(side)
        sides.add(side)
    return bool(tried) and fits >= 0.8 * len(tried) and {"agent", "customer"} <= sides


def _role(columns: Sequence[_Cells]) -> _Cells | None:
    best: tuple[float, _Cells] | None = None
    for column in columns:
        if column.length > 60 or column.distinct < 2:
            continue
        rank = column.rank(LINE_NAMES["role"])
        sides = [leaning(text) for text in column.filled]
        agents, customers = sides.count("agent"), sides.count("customer")
        share = (agents + customers) / column.count
        if not agents or not customers or min(agents, customers) < 0.02 * column.count:
            # Names alone, or "Speaker 1": only a column that is called so may be it.
            if rank is None or rank > 20 or column.distinct > 0.5 * column.count or column.length > 40:
                continue
            if all(re.fullmatch(r"[\d.]+", text) for text in column.filled):
                continue
        elif rank is None and (share < 0.6 or column.distinct > 0.5 * column.count):
            continue
        turns = sum(a != b for a, b in pairwise(column.filled)) / column.count
        score = 10 * share + (6 - rank / 10 if rank is not None else 0) + 2 * turns
        if best is None or score > best[0]:
            best = (score, column)
    return best[1] if best else None


def _text(columns: Sequence[_Cells], role: _Cells | None) -> _Cells | None:
    best: tuple[float, _Cells] | None = None
    for column in columns:
        if column is role:
            continue
        rank = column.rank(LINE_NAMES["text"])
        words = sum(" " in text for text in column.filled) / column.count
        different = column.distinct / column.count
        if rank is None and (words < 0.5 or different < 0.5 or column.length < 12):
            continue
        if rank is not None and words < 0.2 and column.length < 12 and different < 0.5:
            continue
        if all(isinstance(cell, int | float) for cell in column.cells if cell not in (None, "")):
            continue
        score = 4 * words + 4 * different + min(column.length / 25, 4) + 2 * column.fill
        score += 6 - rank / 10 if rank is not None else 0
        if best is None or score > best[0]:
            best = (score, column)
    return best[1] if best else None


def _order(columns: Sequence[_Cells]) -> _Cells | None:
    best: tuple[float, _Cells] | None = None
    for column in columns:
        if column.fill < 0.9:
            continue
        numbers = [as_number(cell) for cell in column.cells if cell not in (None, "")]
        if any(number is None or number != int(number) for number in numbers) or len(numbers) < 2:
            continue
        counts = [number for number in numbers if number is not None]
        steps = [after - before for before, after in pairwise(counts)]
        up = sum(step == 1 for step in steps) / len(steps)
        # It goes up by one, or begins again at 0 or 1.
        again = sum(step <= 0 and after <= 1 for step, after in zip(steps, counts[1:], strict=True)) / len(
            steps
        )
        rank = column.rank(LINE_NAMES["order"])
        grows = sum(step > 0 for step in steps) / len(steps)
        if rank is None and (up + again < 0.98 or again == 0):
            continue
        if rank is not None and up + again < 0.6 and grows + again < 0.9:
            continue
        if counts[0] > 1 and rank is None:
            continue
        score = 10 * (up + again) + (5 - rank / 10 if rank is not None else 0)
        if best is None or score > best[0]:
            best = (score, column)
    return best[1] if best else None


def _repeats(order: _Cells, boundaries: Sequence[int]) -> bool:
    """Does a column whose name says nothing hold the same number twice in most calls? Then it counts no lines."""
    if order.rank(LINE_NAMES["order"]) is not None:
        return False
    ends = [*boundaries[1:], len(order.texts)]
    calls = [order.texts[start:end] for start, end in zip(boundaries, ends, strict=True)]
    return sum(len(set(texts)) < len(texts) for texts in calls) * 2 > len(calls)


def _group(
    columns: Sequence[_Cells], text: _Cells, order: _Cells | None, role: _Cells | None
) -> tuple[list[str], NewCall, str, list[int]] | None:
    """(columns, how a call begins, why, places where calls begin)."""
    total = len(text.cells)
    best: tuple[float, _Cells, str] | None = None
    for column in columns:
        rank = column.rank(_CALL_NAMES)
        looks = column.length >= 12 and all(
            re.fullmatch(r"[\w\-]+", text) and re.search(r"\d", text) for text in column.filled
        )
        if rank is None and not looks:
            continue
        if column.fill >= 0.9 or (rank is not None and column.fill > 0.67):
            runs = len(_changes(_filled_down(column.texts)))
            each = column.count / max(column.distinct, 1)
            if each < 1.5 or (rank is None and runs > 1.5 * column.distinct):
                continue
            score = (10 - rank / 4 if rank is not None else 3) + min(column.distinct / total * 10, 3)
            score -= 4 * (runs / column.distinct - 1) if rank is None else 0
            found = (score, column, "value")
        elif column.fill <= 0.67 and column.distinct >= 0.9 * column.count and column.texts[0]:
            found = ((9 - rank / 4 if rank is not None else 2), column, "fill down")
        else:
            continue
        if best is None or found[0] > best[0]:
            best = found
    if best is not None:
        _, column, mode = best
        if mode == "value":
            where = _changes(_filled_down(column.texts))
            return (
                [column.name], "value",
                f"{column.name!r} stays the same for {column.count / column.distinct:.0f} rows on average"
                + (f" ({len(where) - column.distinct} of them come back later)" if len(where) > column.distinct else ""),
                where,
            )  # fmt: skip
        where = [place for place, text_ in enumerate(column.texts) if text_]
        return [column.name], "fill down", f"{column.name!r} is filled only where a call begins", where
    if text.fill < 0.6:
        return None
    heads = [column for column in columns if _begins(column, order)]
    named = [
        column
        for column in heads
        if any(
            column.rank(FIELD_NAMES[field]) is not None for field in ("agent_email", "timestamp", "filename")
        )
    ]
    if named:
        by = named[:1]
        where = [place for place, text_ in enumerate(by[0].texts) if text_]
        return [by[0].name], "fill down", f"{by[0].name!r} is filled only where a call begins", where
    stays = [
        column
        for column in columns
        if column.fill >= 0.9
        and len(_changes(column.texts)) <= 0.67 * total
        and any(
            column.rank(FIELD_NAMES[field]) is not None for field in ("agent_email", "timestamp", "filename")
        )
    ]
    if order is not None:
        numbers = [as_number(cell) for cell in order.cells]
        where = [0] + [
            place
            for place in range(1, total)
            if (now := numbers[place]) is not None and (old := numbers[place - 1]) is not None and now <= old
        ]
        if len(where) > 0.67 * total:
            return None
        names = [column.name for column in stays]
        both = " and ".join(map(repr, names))
        if len(where) == 1:
            if not names:
                return [], "restart", f"{order.name!r} counts through the whole sheet: it is one call", where
            return names, "value", f"{both} stay the same from line to line", _joint(stays)
        why = f"{order.name!r} starts again {len(where) - 1} times"
        return names, "restart", f"{why}; {both} tell calls apart" if names else why, where
    if stays and role is not None:
        where = _joint(stays)
        if len(where) <= 0.5 * total:
            both = " and ".join(repr(column.name) for column in stays)
            return (
                [column.name for column in stays],
                "value",
                f"{both} stay the same from line to line",
                where,
            )
    return None


def _changes(texts: Sequence[str]) -> list[int]:
    return [place for place, text in enumerate(texts) if place == 0 or text != texts[place - 1]]


def _filled_down(texts: Sequence[str]) -> list[str]:
    filled: list[str] = []
    for text in texts:
        filled.append(text or (filled[-1] if filled else ""))
    return filled


def _joint(columns: Sequence[_Cells]) -> list[int]:
    return sorted({place for column in columns for place in _changes(column.texts)})


def _begins(column: _Cells, order: _Cells | None) -> bool:
    """Is it filled only where a call begins: seldom, in the first row, and where the counter starts again?"""
    if not column.texts[0] or column.fill >= 0.67:
        return False
    where = [place for place, text in enumerate(column.texts) if text]
    if order is None:
        return column.fill <= 0.5 and column.rank(LINE_NAMES["start"][:1] + LINE_NAMES["stop"]) is None
    lowest = min(number for cell in order.cells if (number := as_number(cell)) is not None)
    first = sum(as_number(order.cells[place]) == lowest for place in where)
    return first >= 0.9 * len(where)


_UNIT_WORDS: dict[str, LineUnit] = {
    "ms": "ms", "msec": "ms", "millis": "ms", "milliseconds": "ms", "millisecond": "ms", "s": "s", "sec": "s",
    "secs": "s", "second": "s", "seconds": "s", "sekunden": "s", "segundos": "s", "secondes": "s", "us": "us",
    "micros": "us", "microseconds": "us", "ticks": "ticks",
}  # fmt: skip


def _times(
    columns: Sequence[_Cells], field: str, text: _Cells, boundaries: Sequence[int]
) -> tuple[_Cells, LineUnit, str] | None:
    best: tuple[float, _Cells, list[float | None], bool] | None = None
    for column in columns:
        words = column.plain.split()
        named = column.rank(LINE_NAMES[field])
        if named is None and words and words[-1] in _UNIT_WORDS:
            bare = _Cells(" ".join(words[:-1]), ())
            named = bare.rank(LINE_NAMES[field])
        if named is None:
            continue
        seconds, plain = _read(column.cells)
        read = sum(second is not None for second in seconds)
        if not read or read < 0.9 * column.count:
            continue
        if field != "duration" and len(_changes(column.texts)) < 0.5 * column.count:
            continue  # it stays the same from line to line: the start of the call
        if field == "start" and not _rises(seconds, boundaries):
            continue
        score = 10 - named / 10
        if best is None or score > best[0]:
            best = (score, column, seconds, plain)
    if best is None:
        return None
    _, column, seconds, plain = best
    told = next((_UNIT_WORDS[word] for word in reversed(column.plain.split()) if word in _UNIT_WORDS), None)
    reason = f"name {column.name!r}"
    if not plain:
        return column, "auto", f"{reason}; {_kinds(column.cells)}"
    if told is not None:
        return column, told, f"{reason}; its name says {_UNIT_NAMES[told]}"
    unit, why = _unit(seconds, text, boundaries, field)
    return column, unit, f"{reason}; {why}"


_UNIT_NAMES: dict[LineUnit, str] = {
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ticks": "ticks of 100 nanoseconds",
}


def _kinds(cells: Sequence[Any]) -> str:
    """What times that carry their unit are, with the share of each: "40 of 40 are clocks such as 0:01:05"."""
    counts: dict[str, int] = {}
    filled = [cell for cell in cells if cell not in (None, "")]
    for cell in filled:
        text = cell.strip() if isinstance(cell, str) else ""
        if isinstance(cell, datetime) or re.match(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}", text):
            kind = "dates with a time"
        elif re.match(r"P(?:T|\d)", text, re.IGNORECASE):
            kind = "ISO durations such as PT1M5S"
        elif isinstance(cell, time | timedelta) or ":" in text:
            kind = "clocks such as 0:01:05"
        elif isinstance(cell, int | float) or text.replace(".", "", 1).isdecimal():
            kind = "numbers that count from 1970"
        else:
            kind = "times with their unit"
        counts[kind] = counts.get(kind, 0) + 1
    most = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} of {len(filled)} are {kind}" for kind, count in most)


def _read(cells: Sequence[Any]) -> tuple[list[float | None], bool]:
    """Seconds as they stand, and whether they are plain numbers whose unit is open."""
    found: list[float | None] = []
    plain = 0
    for cell in cells:
        if isinstance(cell, datetime):
            found.append(cell.replace(tzinfo=None).timestamp() if cell.tzinfo is None else cell.timestamp())
        elif isinstance(cell, time):
            found.append(cell.hour * 3600.0 + cell.minute * 60 + cell.second)
        elif isinstance(cell, timedelta):
            found.append(cell.total_seconds())
        else:
            moment = read_moment(cell) if cell not in (None, "") else None
            found.append(None if moment is None else moment.seconds)
            plain += moment is not None and moment.plain
    return found, plain * 2 > sum(second is not None for second in found)


def _rises(seconds: Sequence[float | None], boundaries: Sequence[int]) -> bool:
    begins = set(boundaries)
    steps = [
        after >= before
        for place, (before, after) in enumerate(pairwise(seconds), start=1)
        if before is not None and after is not None and place not in begins
    ]
    return not steps or sum(steps) >= 0.7 * len(steps)


def _unit(
    seconds: Sequence[float | None], text: _Cells, boundaries: Sequence[int], field: str
) -> tuple[LineUnit, str]:
    """Seconds, milliseconds, microseconds or ticks: which of them makes people speak at a human pace?"""
    paces: list[float] = []
    ends = [*boundaries[1:], len(seconds)]
    for start, end in zip(boundaries, ends, strict=True):
        known = [second for second in seconds[start:end] if second is not None]
        words = sum(len(said.split()) for said in text.texts[start:end])
        if not known or not words:
            continue
        span = sum(known) if field == "duration" else max(known) - min(known)
        if span > 0:
            paces.append(span / words)
    if not paces:
        return "s", "whole numbers of seconds"
    pace = median(paces)
    limits: tuple[tuple[float, LineUnit, str], ...] = (
        (20.0, "s", "seconds"),
        (20_000.0, "ms", "milliseconds"),
        (2_000_000.0, "us", "microseconds"),
        (float("inf"), "ticks", "ticks of 100 nanoseconds"),
    )
    for limit, unit, name in limits:
        if pace < limit:
            return unit, f"{name}: {pace:,.2f} of them a word"
    raise AssertionError


def lines_beside(
    calls: Sequence[tuple[str, Sequence[Any]]], lines: Sequence[tuple[str, Sequence[Any]]]
) -> tuple[str, str] | None:
    """(column of the calls, column of the lines) by which another sheet's lines belong to these calls, or None."""
    if find_lines(calls) is not None or any(
        _holds_transcripts(column)
        for column in (_Cells(name, cells) for name, cells in calls)
        if column.count
    ):
        return None
    found = find_lines(lines)
    if found is None or len(found.group_by) != 1:
        return None
    there = _Cells(found.group_by[0], dict(lines)[found.group_by[0]])
    wanted = set(there.filled)
    best: tuple[float, str] | None = None
    for name, cells in calls:
        column = _Cells(name, cells)
        if not column.count or column.distinct < 0.9 * column.count:
            continue
        share = len(wanted & set(column.filled)) / max(min(len(wanted), column.distinct), 1)
        if share >= 0.5 and (best is None or share > best[0]):
            best = (share, name)
    return (best[1], there.name) if best else None
