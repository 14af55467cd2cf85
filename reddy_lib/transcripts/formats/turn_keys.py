"""Which key of a list of turns holds the role, the text, the times, the counter: decided from all of its items.

Three kinds of evidence are weighed together. A name that many exports use counts most (`classify_key`). A word inside of
an unknown name counts less ("nachrichtentext", "dialogue_turn"), in several languages. The values over the whole list
decide the rest: few short values that alternate are speakers, long prose is what was said, numbers that rise are times,
and a permutation of 1 to n is a counter. A name never outweighs values that contradict it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from reddy_lib.transcripts.key_names import (
    ASSISTANTS,
    DIRECTIONS,
    NO_TEXT,
    NO_TIME,
    UNITS,
    Plan,
    Timed,
    classify_key,
    is_plain,
    names_part,
    side_of_flag,
    usual_plan,
    words_in,
)
from reddy_lib.transcripts.roles import role_of
from reddy_lib.transcripts.times import parts_of_span, read_moment, words_of

__all__ = [
    "flattened",
    "holds_turns",
    "inner_text",
    "labelled_texts",
    "plan_of",
    "side_keys",
]

_SAMPLE = 400
_LONGEST_LABEL = 60
_LABELLED = re.compile(r"\s*[\[(]?([^\W\d_][^:：\n\[\]()]{0,38}?)[\])]?\s?[:：]\s+(?=\S)")


class _Column:
    """One key over the whole list."""

    def __init__(self, name: str, values: list[Any], total: int) -> None:
        self.name = name
        self.words = words_in(name)
        self.key = classify_key(name)
        self.total = total
        given = [value for value in values if value is not None and value != ""]
        self.given = given
        self.values = values
        self.flags = bool(given) and all(isinstance(value, bool) for value in given)
        self.numbers = (
            [float(value) for value in given]
            if given
            and all(isinstance(value, int | float) and not isinstance(value, bool) for value in given)
            else []
        )
        self.spans = bool(given) and all(map(_is_span, given))
        if self.spans:
            self.numbers = [_number_in(value[0]) for value in given]
        self.texts = [" ".join(map(str, value)) if isinstance(value, list) else value for value in given
                      if isinstance(value, str) or _is_texts(value)]  # fmt: skip
        self.is_text = bool(given) and len(self.texts) * 2 > len(given)
        self.mean_words = words_of(self.texts) / len(self.texts) if self.texts else 0.0
        self.characters = sum(map(len, self.texts))

    def distinct(self) -> list[Any]:
        found: dict[Any, None] = {}
        for value in self.given:
            if isinstance(value, str | int | float):
                found[value] = None
        return list(found)


def _is_span(value: Any) -> bool:
    """`[12.5, 17.0]`, `["12.5", "17.0"]`, `["0:12", "0:17"]`: when something began and ended."""
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(part, int | float | str) and read_moment(part) is not None for part in value)
        and _number_in(value[0]) <= _number_in(value[1])
    )


def _number_in(value: Any) -> float:
    moment = read_moment(value)
    return moment.seconds if moment is not None else 0.0


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, str) for part in value)


def plan_of(items: Sequence[Mapping[Any, Any]]) -> Plan:
    """The keys of these turns, from their names and their values over the whole list."""
    sets = {tuple(item) for item in items}
    if len(sets) <= 3 and all(type(name) is str for names in sets for name in names):
        names = tuple(dict.fromkeys(name for known in sets for name in known))
        if is_plain(names):
            plan = usual_plan(names)
            role, text = plan.role[0], plan.text[0]
            if all(type(item.get(role)) is str and type(item.get(text)) is str for item in items):
                return plan
    return _weighed(items)


def _weighed(items: Sequence[Mapping[Any, Any]]) -> Plan:
    names = dict.fromkeys(str(name) for item in items[:_SAMPLE] for name in item)
    usual = usual_plan(tuple(names))
    columns = {name: _Column(name, [item.get(name) for item in items], len(items)) for name in names}
    text = _texts(columns, usual)
    taken = set(text[:1])
    counter = _counter(columns, taken)
    start, stop, duration = _times(columns, usual, taken | {counter})
    timed = {name for name, _ in (*start, *stop, *duration)}
    role, sides, aliases = _roles(columns, usual, taken | timed | {counter}, text)
    return Plan(role, text, start, stop, duration, counter, sides, aliases)


# --- text ---


def _texts(columns: Mapping[str, _Column], usual: Plan) -> tuple[str, ...]:
    def score(column: _Column) -> float:
        rank = usual.text.index(column.name) if column.name in usual.text else -1
        points = 40.0 - rank if rank >= 0 else 0.0
        if rank < 0:
            if not column.is_text or column.mean_words < 1.5 or not column.words.isdisjoint(NO_TEXT):
                return -100.0
            if _is_timed(column):
                return -100.0
            if names_part(column.name, "text"):
                points += 20.0
            points += min(column.mean_words, 8.0) + (4.0 if len(column.given) * 2 > column.total else -10.0)
            if len(set(column.texts)) * 2 < len(column.texts):
                points -= 20.0
            return points
        if column.given and not column.is_text:  # `line: 3`, `value: 0.9`
            points -= 30.0
        elif len(column.texts) >= 3 and len(set(column.texts)) == 1:
            points -= 35.0
        elif (
            len(column.texts) >= 4
            and column.mean_words < 1.2
            and len(set(column.texts)) * 2 < len(column.texts)
        ):
            points -= 30.0
        return points

    scored = sorted(
        ((score(column), -place, column.name) for place, column in enumerate(columns.values())), reverse=True
    )
    best = [name for points, _, name in scored if points > 0]
    if (
        best and best[0] not in usual.text
    ):  # an unknown name whose values are what was said: known ones only help out
        return (best[0], *(name for name in best[1:] if name in usual.text))
    return tuple(best) if best else usual.text


# --- counters ---


def _counter(columns: Mapping[str, _Column], taken: set[str]) -> str:
    """A key that numbers the turns from 0 or 1 on, without a gap."""
    found: list[tuple[int, str]] = []
    for name, column in columns.items():
        if name in taken or column.total < 3 or len(column.given) < column.total:
            continue
        numbers = [_whole(value) for value in column.given]
        if None in numbers:
            continue
        first = min(number for number in numbers if number is not None)
        if first in (0, 1) and sorted(numbers) == list(range(first, first + len(numbers))):  # type: ignore[type-var]
            if column.key is not None and column.key.part != "text":
                continue  # `start: 1, 2, 3` is a time, whole seconds apart; `speaker: 0, 2, 1` three people
            named = names_part(name, "counter")
            if not named and (column.total < 5 or names_part(name, "role")):
                continue
            found.append((0 if named else 1, name))
    return min(found)[1] if found else ""


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isdecimal() and len(value) < 9:
        return int(value)
    return None


# --- times ---


def _times(columns: Mapping[str, _Column], usual: Plan, taken: set[str]) -> tuple[Timed, Timed, Timed]:
    start = [one for one in usual.start if _is_timed(columns[one[0]])] or list(usual.start)
    stop, duration = list(usual.stop), list(usual.duration)
    free = [
        column
        for name, column in columns.items()
        if name not in taken
        and (column.key is None or column.key.part == "text" or _is_clockwork(column))
        and column.words.isdisjoint(NO_TIME)
    ]
    if not start:
        rising = [column for column in free if len(column.given) * 2 > column.total and _is_timed(column)]
        named = [c for c in rising if names_part(c.name, "start") and not names_part(c.name, "stop")]
        rising = named or [c for c in rising if _moves(c) and not names_part(c.name, "stop")]
        if rising:
            first = min(rising, key=lambda column: _seconds(column)[:1] or [0.0])
            start = [(first.name, _factor(first.name))]
    if start and not stop and not duration and not columns[start[0][0]].spans:
        first = columns[start[0][0]]
        for column in free:
            if column is first or not _is_timed(column):
                continue
            pairs = _paired(first, column)
            if len(pairs) * 2 < len(first.given):
                continue
            began, ends = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
            ending = names_part(column.name, "stop") and not names_part(column.name, "start")
            if all(end >= begin for begin, end in pairs) and (ending or _follow(began, ends)):
                stop = [(column.name, _factor(column.name))]
                break
            if names_part(column.name, "duration") or _lasts(began, ends):
                duration = [(column.name, _factor(column.name))]
                break
    return tuple(start), tuple(stop), tuple(duration)


def flattened(items: Sequence[Mapping[Any, Any]], plan: Plan) -> list[dict[str, Any]] | None:
    """The turns with the values of the objects inside of them beside their own, where a part of a turn stands there:
    `{"message": {"role": …, "content": …}, "time": …}`. None where nothing is gained."""
    people = set(plan.role[:1])
    inner = {
        str(name)
        for item in items[:_SAMPLE]
        for name, value in item.items()
        if str(name) not in people and value and (isinstance(value, dict) or _are_parts(value))
    }
    if not inner:
        return None
    flat = [_flat(item, inner) for item in items]
    better = plan_of(flat)
    had_text = bool(plan.text) and any(isinstance(item.get(plan.text[0]), str | list) for item in items)
    timed = bool(plan.start) and any(
        not isinstance(item.get(plan.start[0][0]), dict | None) for item in items
    )
    gains_text = (
        not had_text and bool(better.text) and any(isinstance(item.get(better.text[0]), str) for item in flat)
    )
    gains = (
        gains_text
        or (not plan.role and better.role)
        or (not timed and better.start and better.start != plan.start)
    )
    if not gains or (had_text and better.text[:1] != plan.text[:1]) or (plan.text and not better.text):
        return None
    return flat


def inner_text(value: Mapping[Any, Any], depth: int = 0) -> str | None:
    """The one text of an object such as `{"type": "text", "text": "Hello"}` or `{"text": {"content": "Hello"}}`."""
    for name in usual_plan(tuple(map(str, value))).text:
        inner = value.get(name)
        if isinstance(inner, str):
            return inner
        if isinstance(inner, dict) and depth < 3 and (text := inner_text(inner, depth + 1)):
            return text
    texts = [
        inner for name, inner in value.items() if isinstance(inner, str) and classify_key(str(name)) is None
    ]
    return texts[0] if len(texts) == 1 and len(value) <= 3 else None


_MOST_PARTS = 400


def _are_parts(value: Any) -> bool:
    """The parts of one message, as objects that each hold a text."""
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_PARTS:
        return False
    return all(
        isinstance(part, dict) and inner_text(part) and not usual_plan(tuple(map(str, part))).start
        for part in value
    )


def _flat(item: Mapping[Any, Any], inner: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {str(name): value for name, value in item.items() if str(name) not in inner}
    waiting = [(str(name), item[name], 0) for name in item if str(name) in inner]
    while waiting:
        path, value, depth = waiting.pop(0)
        if isinstance(value, dict) and depth < 3:
            if {"seconds", "nanos"} >= set(map(str, value)) and value:  # one time
                found.setdefault(path.rpartition(".")[2], value)
                continue
            if usual_plan((path,)).text and (text := inner_text(value)) is not None:
                found.setdefault(path, text)  # `"content": {"raw": "Hello"}`: the outer name says what it is
                continue
            waiting += [(f"{path}.{name}", below, depth + 1) for name, below in value.items()]
        elif depth < 3 and _are_parts(value):
            parts = [inner_text(part) or "" for part in value]
            glued = any(part[:1].isspace() or part[-1:].isspace() for part in parts)
            found.setdefault("text", ("" if glued else "\n").join(parts).strip())
        else:
            name = path.rpartition(".")[2]
            found[name if name not in found else path] = value
    return found


def _factor(name: str) -> float | None:
    for word in words_in(name):
        if word in UNITS and word != "us":
            return UNITS[word]
    return None


def _is_timed(column: _Column) -> bool:
    """Are nearly all of the values times, by what they look like?"""
    if column.numbers:
        return column.key is not None or not set(column.numbers) <= {0.0, 1.0}
    if not column.given or not (column.texts or any(isinstance(value, dict) for value in column.given)):
        return False
    if not column.texts:
        return column.key is not None
    some = column.texts[:20]
    return (
        sum(read_moment(text) is not None or parts_of_span(text) is not None for text in some) * 4
        > len(some) * 3
    )


def _seconds(column: _Column) -> list[float]:
    given = [value[0] for value in column.given] if column.spans else column.given
    given = [
        span[0] if isinstance(value, str) and (span := parts_of_span(value)) else value for value in given
    ]
    moments = [read_moment(value) for value in given if isinstance(value, str | int | float)]
    return [moment.seconds for moment in moments if moment is not None]


def _paired(one: _Column, other: _Column) -> list[tuple[float, float]]:
    """The times of two keys, of the items that have both."""
    found: list[tuple[float, float]] = []
    scales = _factor(one.name) or 1.0, _factor(other.name) or 1.0
    for first, second in zip(one.values, other.values, strict=True):
        if isinstance(first, str | int | float) and isinstance(second, str | int | float):
            before, after = read_moment(first), read_moment(second)
            if before is not None and after is not None:
                found.append(
                    (
                        before.seconds * (scales[0] if before.plain else 1.0),
                        after.seconds * (scales[1] if after.plain else 1.0),
                    )
                )
    return found


def _moves(column: _Column) -> bool:
    """Do these numbers go one way, by steps that differ, as times do?"""
    numbers = _seconds(column)
    if len(numbers) < 3 or min(numbers) < 0:
        return False
    steps = [b - a for a, b in pairwise(numbers)]
    up, down = sum(step >= 0 for step in steps), sum(step <= 0 for step in steps)
    return max(up, down) >= 0.9 * len(steps) and len({round(step, 6) for step in steps}) > 1


def _is_clockwork(column: _Column) -> bool:
    """Is this a time by its values, whatever its name says: `from: 0.4, 6.9, 12.1`?"""
    if column.key is None or column.key.part != "role":
        return False
    numbers = column.numbers
    if not numbers and column.texts and all(map(_NUMERAL.fullmatch, column.texts)):
        numbers = _seconds(column)
    return (
        len(set(numbers)) == len(numbers) == column.total
        and any(not number.is_integer() or number > 999 for number in numbers)
        and _moves(column)
    )


_NUMERAL = re.compile(r"\d{1,9}(?:\.\d{1,6})?")


def _lasts(starts: Sequence[float], lengths: Sequence[float]) -> bool:
    """Do these numbers fill the time from each start to the next one, as durations do?"""
    if (
        len(lengths) != len(starts)
        or len(starts) < 4
        or len(set(lengths)) * 2 < len(lengths)
        or min(lengths) <= 0
    ):
        return False
    steps = [after - before for before, after in pairwise(starts)]
    if min(steps) <= 0:
        return False
    near = sum(length <= 1.1 * step for length, step in zip(lengths, steps, strict=False))
    return near * 10 >= 9 * len(steps) and sum(lengths[:-1]) >= 0.5 * sum(steps)


def _follow(starts: Sequence[float], stops: Sequence[float]) -> bool:
    """Does each stop lie between its start and shortly behind the next one?"""
    lengths = [stop - start for start, stop in zip(starts, stops, strict=True)]
    slack = max(lengths, default=0.0)
    return (
        len(starts) > 2
        and len(set(lengths)) > 1
        and all(stop <= following + slack for stop, following in zip(stops, starts[1:], strict=False))
    )


# --- roles ---


def _roles(
    columns: Mapping[str, _Column], usual: Plan, taken: set[str], text: Sequence[str]
) -> tuple[tuple[str, ...], Mapping[tuple[str, Any], str], Mapping[str, str]]:
    sides: dict[tuple[str, Any], str] = {}
    aliases: dict[str, str] = {}
    scored: list[tuple[float, int, str]] = []
    for place, (name, column) in enumerate(columns.items()):
        if name in taken or name in text[:1] or not column.given:
            continue
        flag, said = _flag(column)
        if flag:
            sides.update(flag)
            aliases.update(said)
            # Both sides in it weigh more than a name; a flag that is the same all through only counts alone.
            both = len(set(flag.values())) > 1
            scored.append((45.0 if both else 0.5, -place, name))
            continue
        points = _role_points(column, usual)
        if points > 0:
            scored.append((points, -place, name))
    scored.sort(reverse=True)
    if len(scored) > 1:
        scored = [one for one in scored if one[0] > 0.5]
    return tuple(name for _, _, name in scored), sides, aliases


def _role_points(column: _Column, usual: Plan) -> float:
    rank = column.key.rank if column.key is not None and column.name in usual.role else -1
    named = rank >= 0
    objects = [value for value in column.given if isinstance(value, dict) or _is_one(value)]
    if objects:
        return 39.5 - rank if named else 15.0 if names_part(column.name, "role") else 0.0
    distinct = column.distinct()
    if not distinct or any(isinstance(value, bool) for value in distinct) or _is_texts(column.given[0]):
        return 0.0
    texts = [str(value) for value in distinct]
    if any(len(text) > 3 * _LONGEST_LABEL for text in texts[:50]) and not named:
        return 0.0
    points = 40.0 - rank if named else 20.0 if names_part(column.name, "role") else 0.0
    sides = {role_of(text) for text in texts[:50]}
    voices = {text.casefold() for text in texts[:50]}
    if {"agent", "customer"} <= sides:
        points += 60.0
    elif voices & ASSISTANTS and voices & {"user", "human"}:
        points += 50.0
        named = True
    elif not points and column.numbers and any(not value.is_integer() for value in column.numbers):
        return 0.0
    few = 2 <= len(distinct) <= max(2, min(12, column.total // 2))
    if column.total >= 3 and len(distinct) == 1 and not (named and rank < 6):
        points -= 30.0
    elif (
        column.total > 3
        and len(distinct) == len(column.given) == column.total
        and not {"agent", "customer"} & sides
    ):
        points -= 30.0 if not named or rank > 8 else 0.0
    if not named and (
        not few or not column.words.isdisjoint({"email", "mail", "phone", "date", "status", "score"})
    ):
        return 0.0
    if few and not named and points == 0.0:
        points = (
            12.0
            if column.total >= 4
            and _alternates(column)
            and all(len(text) <= _LONGEST_LABEL and len(text.split()) <= 4 for text in texts)
            and column.words.isdisjoint(NO_TEXT | NO_TIME - {"id", "no"})
            else 0.0
        )
    return points if points > 0 else (1.0 if named and rank < 26 else 0.0)


def _is_one(value: Any) -> bool:
    """A list with one object: `users: [{"username": "Ben"}]`."""
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict)


def _alternates(column: _Column) -> bool:
    given = column.given
    changes = sum(bool(a != b) for a, b in pairwise(given))
    return changes * 10 >= 4 * (len(given) - 1)


def _flag(column: _Column) -> tuple[dict[tuple[str, Any], str], dict[str, str]]:
    """What the values of a flag or of a direction are called as speakers, and which side each is; {} for any other."""
    distinct = column.distinct()
    if 1 <= len(distinct) <= 2 and all(_truth(value) is not None for value in distinct):
        side = side_of_flag(column.name)
        if not side or (not column.flags and len(distinct) < 2):
            return {}, {}
        other = "customer" if side == "agent" else "agent"
        way = not column.words.isdisjoint({"incoming", "inbound", "outgoing", "outbound"})
        if not way:
            return {(column.name, value): side if _truth(value) else other for value in distinct}, {}
        into, out = "incoming", "outgoing"
        names = {"customer": into, "agent": out}
        return (
            {(column.name, value): names[side if _truth(value) else other] for value in distinct},
            {into: "customer", out: "agent"},
        )
    if 1 <= len(distinct) <= 2 and all(isinstance(value, str) for value in distinct):
        found = {value: DIRECTIONS.get(value.strip().casefold(), "") for value in distinct}
        if all(found.values()) and len(set(found.values())) == 2:
            return {(column.name, value): value.strip() for value in distinct}, {
                value.strip(): side for value, side in found.items()
            }
    return {}, {}


def side_keys(items: Sequence[Mapping[Any, Any]]) -> list[str]:
    """The keys under which objects hold what was said, one key a speaker: `{"Ann": "Hello"}, {"Tom": "Hi"}`.

    Each object has a text under one of them alone; [] where that is not so.
    """
    if len(items) < 3:
        return []
    names = dict.fromkeys(str(name) for item in items for name in item)
    found: list[str] = []
    for name in names:
        given = [value for item in items if (value := item.get(name)) not in (None, "")]
        if not given or len(given) == len(items) or not all(isinstance(value, str) for value in given):
            continue
        if words_of(given) >= 2 * len(given) and sum(read_moment(text) is None for text in given) == len(
            given
        ):
            found.append(name)
    order = [[name for name in found if item.get(name) not in (None, "")] for item in items]
    if not 2 <= len(found) <= 6 or any(len(said) != 1 for said in order):
        return []
    changes = sum(before != after for before, after in pairwise(order))
    several = {"agent", "customer"} <= {role_of(name) for name in found} or changes * 2 >= len(order) - 1
    return found if several else []


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return bool(value) if value in (0, 1) else None
    if isinstance(value, str):
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
            value.strip().casefold()
        )
    return None


def holds_turns(text: str) -> bool:
    """Is this text a whole transcript, with who speaks before each of its lines?"""
    rows = text.splitlines()
    return len(rows) > 1 and sum(_LABELLED.match(row) is not None for row in rows) * 2 > len(rows)


def labelled_texts(texts: Iterable[str]) -> list[tuple[str, str]] | None:
    """(label, rest) of texts that all begin with who says them ("Agent: Hello"); None where they do not."""
    found: list[tuple[str, str]] = []
    for text in texts:
        match = _LABELLED.match(text)
        if match is None or holds_turns(text):
            return None
        found.append((match[1].strip(), text[match.end() :]))
    labels = {label.casefold() for label, _ in found}
    if len(found) < 2 or not (
        len(labels) <= max(2, min(6, len(found) // 2))
        or {role_of(one) for one in labels} >= {"agent", "customer"}
    ):
        return None
    return found
