"""Values that stand in several columns: a start as year, month, day, hour and minute; an id as a site and a number.

What the cells show decides: the ranges of numbers, and whether two columns together tell apart what neither does alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from reddy_lib.spreadsheet.cells.dates import read_timestamp
from reddy_lib.spreadsheet.cells.zones import zone_of
from reddy_lib.spreadsheet.evidence.column_profile import Column
from reddy_lib.spreadsheet.evidence.layouts import LinesFound
from reddy_lib.spreadsheet.evidence.time_order import is_time_of_day
from reddy_lib.spreadsheet.model import Join, Mapping

__all__ = ["with_half_of_day", "with_second_key", "with_spread_id", "with_spread_start"]

_NAMES = {
    "year": "year yyyy yr jahr ano anno annee ar jaar yil rok god год год 年 연도",
    "month": "month mm mon monat mes mese mois manad maaned maand ay miesiac mesic mesiac месяц 月 월",
    "day": "day dd tag dia giorno jour dag gun dzien den день 日 일",
    "hour": "hour hh hr stunde hora ora heure uur timme time saat godzina hodina час 時 시",
    "minute": "minute min minuten minuto minuti minuut minut dakika minuta минута 分 분",
    "second": "second sec ss sekunde segundo secondo seconde sekund saniye sekunda секунда 秒 초",
}
_PART_OF = {name: part for part, names in _NAMES.items() for name in names.split()}
_RANGES = {
    "year": (1990, 2100), "month": (1, 12), "day": (1, 31), "hour": (0, 23), "minute": (0, 59), "second": (0, 59),
}  # fmt: skip
_WHOLE = re.compile(r"\d{1,4}(?:\.0)?")


def with_spread_start(mapping: Mapping, columns: Sequence[Column]) -> Mapping:
    """Return a copy whose start is read from columns of its year, month and day, and of the time of day."""
    if "timestamp" in mapping.joins:
        return mapping
    given = mapping.fields.get("timestamp")
    free = [one for one in columns if one.count and one.name not in set(mapping.fields.values()) - {given}]
    parts = _named_parts(free)
    names = [parts[part].name for part in ("year", "month", "day") if part in parts]
    of_day = given is not None and any(one.name == given and is_time_of_day(one) for one in columns)
    if len(names) < 3 or (given is not None and not of_day and given not in names):
        return mapping
    if "hour" in parts and "minute" in parts:
        names += [parts[part].name for part in ("hour", "minute", "second") if part in parts]
    else:
        clocks = [one for one in free if one.name not in names and one.clocks >= 0.8 and is_time_of_day(one)]
        clock = next((one for one in clocks if one.says & {"time", "start"}), None)
        names += [clock.name] if clock is not None else []
    listed = ", ".join(map(repr, names))
    return mapping.replace(
        fields={field: column for field, column in mapping.fields.items() if field != "timestamp"},
        joins={**mapping.joins, "timestamp": Join(names)},
        reasons={**mapping.reasons, "timestamp": f"{listed} hold its parts, each within its range"},
    )


def with_half_of_day(mapping: Mapping, columns: Sequence[Column]) -> Mapping:
    """Return a copy that reads the start together with AM or PM from a column of its own, if there is one.

    Otherwise 2:47 PM would be read as 2:47 at night.
    """
    names = mapping.sources().get("timestamp", [])
    sources = [one for one in columns if one.name in names]
    hours = [int(match[1]) for one in sources for text in one.texts if (match := _HOUR.search(text))]
    if not hours or not all(1 <= hour <= _NOON for hour in hours):
        return mapping
    used = {*mapping.fields.values(), *(name for join in mapping.joins.values() for name in join.columns)}
    halves = [one for one in columns if one.name not in used and _says_half_of_day(one)]
    if len(halves) != 1:
        return mapping
    (half,) = halves
    reason = f"{mapping.reasons.get('timestamp', '')}; {half.name!r} says AM or PM"
    return mapping.replace(
        fields={field: column for field, column in mapping.fields.items() if field != "timestamp"},
        joins={**mapping.joins, "timestamp": Join([*names, half.name])},
        reasons={**mapping.reasons, "timestamp": reason.removeprefix("; ")},
    )


_HOUR = re.compile(r"(?<![\d:])(\d{1,2}):\d\d")
_NOON = 12
_PROBES = ("2024-03-11 02:47:03", "2024-03-11 12:47:03")
_MOVED = ([0, -12 * 3600], [12 * 3600, 0])
"""Seconds by which AM and PM move the two probes. Other words move neither of them, or both."""


def _says_half_of_day(column: Column) -> bool:
    """Return whether nearly all cells are words for AM or PM, in any language that dates are read in.

    "A" and "P" may mean absent and present, and "AM" a country: such cells need a name that says what they are, or,
    where they are longer than one letter, both halves.
    """
    values = {text.strip() for text in column.texts}
    if not values or len(values) > 4 or len(column.texts) < 0.8 * column.total:
        return False
    moved = [_moved_by(value) for value in values]
    if not all(one in _MOVED for one in moved):
        return False
    if _NAMED_HALF.search(column.plain):
        return True
    words = all(not value.isascii() or sum(map(str.isalpha, value)) > 1 for value in values)
    return words and (all(one in moved for one in _MOVED) or _MAYBE_HALF.search(column.plain) is not None)


_NAMED_HALF = re.compile(r"\ba ?m p ?m\b|\bampm\b|\bmeridi[ea]\w*|\bhalf of (?:the )?day\b|\bday half\b")
_MAYBE_HALF = re.compile(r"\bhalf\b|\bperiod\b")


def _moved_by(text: str) -> list[float] | None:
    """Return the seconds by which a word after a time moves each of the probes, or None where it is not read."""
    if len(text) > 6 or any(map(str.isdigit, text)) or zone_of(text) is not None:
        return None
    moved = []
    for probe in _PROBES:
        plain, _ = read_timestamp(probe)
        read, problem = read_timestamp(f"{probe} {text}")
        if plain is None or read is None or problem is not None:
            return None
        moved.append(read - plain)
    return moved


def _named_parts(columns: Sequence[Column]) -> dict[str, Column]:
    """Return part of a moment → the only column that is called after it and holds numbers in its range."""
    found: dict[str, list[Column]] = {}
    for column in columns:
        words = column.plain.split()
        parts = {_PART_OF[word] for word in words if word in _PART_OF}
        if len(parts) == 1 and len(words) <= 3 and not column.says & {"duration", "end"}:
            part = parts.pop()
            if _within(column, part):
                found.setdefault(part, []).append(column)
    return {part: several[0] for part, several in found.items() if len(several) == 1}


def _within(column: Column, part: str) -> bool:
    low, high = _RANGES[part]
    numbers = [float(text) for text in column.texts if _WHOLE.fullmatch(text)]
    if part == "month" and not numbers:
        return column.distinct <= 12 and all(text[:1].isalpha() and len(text) <= 12 for text in column.texts)
    return len(numbers) == column.count and all(low <= number <= high for number in numbers)


def with_spread_id(mapping: Mapping, columns: Sequence[Column]) -> Mapping:
    """Return a copy whose id is two columns that tell all calls apart together, where neither does alone.

    Where a column is an id by its name, its values may come twice because calls do: the other column is a doubt then.
    """
    if "conversation_id" in mapping.joins:
        return mapping
    given = mapping.fields.get("conversation_id")
    used = set(mapping.fields.values()) - {given} | {
        name for field, join in mapping.joins.items() if field != "conversation_id" for name in join.columns
    }
    free = [one for one in columns if one.name not in used and one.fill == 1 and one.length <= 30]
    numbers = [one for one in free if one.name == given or (given is None and _counts_within(one))]
    for number in numbers:
        if number.distinct == number.total or number.total < 3:
            continue
        best: Column | None = None
        for other in free:
            if other is number or not _names_a_place(other, number.total):
                continue
            if len(set(zip(other.of_rows, number.of_rows, strict=True))) == number.total and (
                best is None or other.distinct < best.distinct
            ):
                best = other
        if best is not None and number.name != given:
            return _joined(mapping, best, number)
        if best is not None and number.distinct <= 0.7 * number.total:
            return _in_doubt(mapping, best, number)
    return mapping


def _joined(mapping: Mapping, place: Column, number: Column) -> Mapping:
    doubt = (
        f"{number.name!r} has {number.distinct:,} values in {number.total:,} calls: the id was made of it and "
        f"{place.name!r}, which together are different in each call"
    )
    return mapping.replace(
        fields={field: column for field, column in mapping.fields.items() if field != "conversation_id"},
        joins={**mapping.joins, "conversation_id": Join([place.name, number.name], "-")},
        reasons={
            **mapping.reasons,
            "conversation_id": f"{place.name!r} and {number.name!r}: together they tell the calls apart",
        },
        doubts={**mapping.doubts, "conversation_id": doubt},
    )


def _in_doubt(mapping: Mapping, place: Column, number: Column) -> Mapping:
    doubt = (
        f"{number.name!r} has {number.distinct:,} values in {number.total:,} calls. If each {place.name!r} counts its own "
        "calls, the id is both columns together"
    )
    return mapping.replace(
        doubts={**mapping.doubts, "conversation_id": mapping.doubts.get("conversation_id", doubt)},
        second_best={**mapping.second_best, "conversation_id": place.name},
    )


def _counts_within(column: Column) -> bool:
    """Return whether a column is called after a number or an id, and has ids such as a counter of each place gives."""
    named = bool(_NUMBERED.search(column.plain)) and not column.says & {
        "customer",
        "phone",
        "score",
        "duration",
    }
    return named and column.ids >= 0.9 and 2 * column.distinct >= column.total


_NUMBERED = re.compile(
    r"\b(?:number|no|nr|num|numero|nummer|id|key|ref|reference|ticket|case|call|номер)\b|号|號|番号|번호"
)


def _names_a_place(column: Column, total: int) -> bool:
    """Return whether a column may say where a number was given: few values that come again, and no facts of a call."""
    few = 2 <= column.distinct <= max(2, total // 2)
    fact = column.times >= 0.5 or column.clocks >= 0.5 or column.emails >= 0.5
    return few and not fact and not column.says & _NO_PLACE


_NO_PLACE = frozenset(
    (
        "agent",
        "customer",
        "score",
        "duration",
        "status",
        "start",
        "end",
        "date",
        "time",
        "speaker",
        "text",
        "product",
    )
)


def with_second_key(lines: LinesFound, columns: Sequence[Column]) -> LinesFound:
    """Return lines whose calls are told apart by a second column too, where one key has the lines of several calls.

    The other column stays the same for whole stretches of lines with both speakers, and changes within a key.
    """
    if len(lines.group_by) != 1 or lines.new_call != "value":
        return lines
    key = next((one for one in columns if one.name == lines.group_by[0]), None)
    role = next((one for one in columns if one.name == lines.fields.get("role")), None)
    if key is None or role is None:
        return lines
    taken = {*lines.fields.values(), key.name}
    for other in columns:
        days = other.times >= 0.9 and other.distinct > 1
        if other.name in taken or other.fill < 1 or not (days or _names_a_place(other, other.total)):
            continue
        stretches = _stretches(key, other)
        if days and not _come_back(list(stretches)):
            continue
        split = Counter(name for name, _ in stretches)
        if max(split.values()) < 2 or len(set(stretches)) < len(stretches):
            continue
        if all(_speak(role, places) for places in stretches.values()):
            doubt = f"{key.name!r} has lines of several {other.name!r} under one value: calls were told apart by both"
            reasons = {**lines.reasons, "layout": f"{lines.reasons.get('layout', '')}; and by {other.name!r}"}
            return msgspec.structs.replace(
                lines,
                group_by=[other.name, key.name],
                reasons=reasons,
                doubts={**lines.doubts, "conversation_id": doubt},
            )
    return lines


def _stretches(key: Column, other: Column) -> dict[tuple[str, str], list[int]]:
    """Return (key, other) → the rows that have both; a pair that comes back after another is left apart, with a mark."""
    found: dict[tuple[str, str], list[int]] = {}
    last: tuple[str, str] | None = None
    for place, pair in enumerate(zip(key.of_rows, other.of_rows, strict=True)):
        if pair in found and pair != last:
            return {("", ""): []}  # it changes from line to line
        found.setdefault(pair, []).append(place)
        last = pair
    return found


def _come_back(stretches: Sequence[tuple[str, str]]) -> bool:
    """Return whether keys that have several stretches come back after others, as numbers do that begin anew each day."""
    split = Counter(name for name, _ in stretches)
    again = [(name, place) for place, (name, _) in enumerate(stretches) if split[name] > 1]
    return len(again) > 2 and not any(a[0] == b[0] and b[1] - a[1] == 1 for a, b in pairwise(again))


def _speak(role: Column, places: Sequence[int]) -> bool:
    """Return whether two or more speakers take turns in these rows."""
    return len(places) > 1 and len({role.of_rows[place] for place in places}) > 1
